" Headings at the margin, clauses two columns in, what goes on after a comma six: as tongban fmt lays out.
if exists('b:did_indent')
  finish
endif
let b:did_indent = 1
scriptencoding utf-8
setlocal indentexpr=TongbanIndent() indentkeys=o,O,0=：,!^F,：
let b:undo_indent = 'setl inde< indk<'
if exists('*TongbanIndent')
  finish
endif
function TongbanIndent()
  let l:before = getline(prevnonblank(v:lnum - 1))
  if l:before =~# '[，、,]\s*\(#.*\)\?$'
    return 6
  endif
  if getline(v:lnum) =~# '[：]\s*\(#.*\)\?$' || getline(v:lnum) =~# '^\s*引用' || prevnonblank(v:lnum - 1) == 0
    return 0
  endif
  return l:before =~# '^引用' ? 0 : 2
endfunction
