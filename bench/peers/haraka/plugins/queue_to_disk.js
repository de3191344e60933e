// A queue plugin of Haraka that writes each mail to a file of its own before its 250.
// BENCH_FOLDER names the folder, BENCH_STORE the module that writes.
'use strict';

const { store } = require(process.env.BENCH_STORE);

exports.hook_queue = function (next, connection) {
  const { message_stream: stream, uuid } = connection.transaction;
  store(stream, process.env.BENCH_FOLDER, uuid).then(
    () => next(OK),
    (error) => {
      this.logerror(error.message);
      next(DENYSOFT);
    },
  );
};
