// @ts-check
// A clock in a worker: Chromium lets the timers of a page that has been hidden for five minutes run only once a minute.
setInterval(() => postMessage(0), 2000);
