" Rules of Tongban: comments, :make, gggqG lays the whole file out (tongban fmt), and in Neovim the language server.
if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1
setlocal commentstring=#\ %s comments=:# expandtab shiftwidth=2 softtabstop=2 fileencoding=utf-8
setlocal matchpairs+=（:）,「:」,《:》,“:”
setlocal formatexpr=TongbanFormat()
compiler tongban
let b:undo_ftplugin = 'setl cms< com< et< sw< sts< mps< fex< mp< efm<'

" The layout is of whole files: a part alone cannot be laid out.
if !exists('*TongbanFormat')
  function TongbanFormat()
    if mode() =~# '[iR]' || v:lnum != 1 || v:count != line('$')
      return 1
    endif
    let l:file = tempname() . '.tb'
    call writefile(getline(1, '$'), l:file)
    let l:lines = systemlist('tongban fmt ' . shellescape(l:file))
    call delete(l:file)
    if v:shell_error
      echohl ErrorMsg | echomsg join(l:lines, ' ') | echohl None
      return 0
    endif
    if l:lines !=# getline(1, '$')
      call setline(1, l:lines)
      if line('$') > len(l:lines)
        call deletebufline('%', len(l:lines) + 1, '$')
      endif
    endif
    return 0
  endfunction
endif

if has('nvim-0.7') && executable('tongban')
  lua require('tongban').start({'tongban', 'lsp'})
endif
