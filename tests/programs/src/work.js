// Timers, files, children, sockets, workers.
const {Worker, isMainThread} = require('worker_threads')
if (!isMainThread) return
const fs = require('fs'), http = require('http'), os = require('os'), path = require('path')
const {spawnSync} = require('child_process'), zlib = require('zlib'), crypto = require('crypto')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'node-'))
fs.writeFileSync(path.join(folder, 'file'), 'x'.repeat(10000))
fs.renameSync(path.join(folder, 'file'), path.join(folder, 'other'))
if (zlib.gunzipSync(zlib.gzipSync(fs.readFileSync(path.join(folder, 'other')))).length !== 10000) process.exit(1)
fs.rmSync(folder, {recursive: true})
if (spawnSync('/usr/bin/busybox', ['echo', 'it']).stdout.toString() !== 'it\n') process.exit(2)
crypto.pbkdf2Sync('a', 'b', 1000, 32, 'sha256')
new Worker(__filename).on('exit', () => {
    const server = http.createServer((_, answer) => answer.end('hello')).listen(0, '127.0.0.1', async () => {
        for (let i = 0; i < 20; i++)
            if (await (await fetch(`http://127.0.0.1:${server.address().port}/`)).text() !== 'hello') process.exit(3)
        server.closeAllConnections()
        server.close()
        console.log('all done')
    })
})
