document.addEventListener("click", (event) => {
const link = event.target instanceof Element && event.target.closest("#hide-this-page");
if (!link || event.defaultPrevented) return;
event.preventDefault();
document.documentElement.classList.add("covered");
document.title = link.dataset.title;
location.replace(link.href);
}, true);
if (document.referrer && new URL(document.referrer).origin === location.origin) document.documentElement.classList.add("inside");
