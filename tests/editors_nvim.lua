-- Run by tests/editors.sh in a headless Neovim that holds a .tb file with one mistake: says what came up, then leaves.
local function say(...) io.stdout:write(string.format(...), '\n') end
local function wait(what) return vim.wait(10000, what, 20) end

say('filetype %s', vim.bo.filetype)
say('syntax %s', vim.fn.synIDattr(vim.fn.synID(1, 1, 0), 'name'))
say('told %s', wait(function() return #vim.diagnostic.get(0) > 0 end))
local first = vim.diagnostic.get(0)[1]
say('diagnostic %s line %d', first and first.code or '?', first and first.lnum + 1 or 0)

local at = {textDocument = {uri = vim.uri_from_bufnr(0)}, position = {line = 2, character = 9}}
local answers = vim.lsp.buf_request_sync(0, 'textDocument/hover', at, 10000) or {}
local hover
for _, a in pairs(answers) do hover = hover or (a.result and a.result.contents.value) end
say('hover %s', hover and #hover > 0)

-- What is typed reaches the server: the mistake is put right.
vim.api.nvim_buf_set_lines(0, 2, 3, false, {'  法定期限 20个工作日，自 受理 至 决定。'})
say('put right %s', wait(function() return #vim.diagnostic.get(0) == 0 end))
local clients = vim.lsp.get_active_clients and vim.lsp.get_active_clients() or vim.lsp.get_clients()
say('clients %d %s', #clients, clients[1] and clients[1].name)
vim.lsp.stop_client(clients)
say('stopped %s', wait(function() return #(vim.lsp.get_active_clients and vim.lsp.get_active_clients() or vim.lsp.get_clients()) == 0 end))
vim.cmd('qa!')
