" :make runs tongban check on the file. The columns it prints count characters, which 'errorformat' cannot say: lines only.
if exists('current_compiler')
  finish
endif
let current_compiler = 'tongban'
scriptencoding utf-8
CompilerSet makeprg=tongban\ check\ %:S
CompilerSet errorformat=%E%f:%l:%*\\d:\ 错误\ %m,%W%f:%l:%*\\d:\ 警告\ %m,%I%f:%l:%*\\d:\ 说明\ %m
CompilerSet errorformat+=%E%f:%l:%*\\d:\ error\ %m,%W%f:%l:%*\\d:\ warning\ %m,%I%f:%l:%*\\d:\ note\ %m,%-G%.%#
