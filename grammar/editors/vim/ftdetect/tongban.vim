au BufRead,BufNewFile *.tb setfiletype tongban
