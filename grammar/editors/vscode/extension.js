// Starts `tongban lsp` for .tb files. Everything it can do is said by the server; nothing of the language is known here.
//
// The protocol's client is Microsoft's own vscode-languageclient, installed by `npm install` and not kept in this tree: a client of our own would be
// a copy of it, and would fall behind. Without it the highlighting still works, and this says what is missing.
'use strict';
const vscode = require('vscode');

let client;

async function activate() {
  let api;
  try {
    api = require('vscode-languageclient/node');
  } catch (error) {
    vscode.window.showWarningMessage('通办：只有高亮。请在扩展目录里运行 npm install，再重新加载窗口。');
    return;
  }
  const settings = vscode.workspace.getConfiguration('tongban');
  const lang = settings.get('lang');
  const server = {command: settings.get('path') || 'tongban', args: lang ? ['lsp', '--lang', lang] : ['lsp']};
  client = new api.LanguageClient('tongban', '通办', server, {
    documentSelector: [{language: 'tongban'}],
    synchronize: {fileEvents: vscode.workspace.createFileSystemWatcher('**/*.tb')},
  });
  try {
    await client.start();
  } catch (error) {
    vscode.window.showErrorMessage(`通办：启动不了 ${server.command}（${error.message}）。请在设置 tongban.path 里写出程序的路径。`);
  }
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = {activate, deactivate};
