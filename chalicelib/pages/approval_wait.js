(function () {
  "use strict";
  var button = document.getElementById("continue");
  var form = button.form;
  var left = 200;

  function later() {
    left -= 1;
    if (left > 0) {
      setTimeout(look, 3000);
    }
  }

  function look() {
    var sent = new URLSearchParams(new FormData(form));
    sent.set("action", "app-poll");
    fetch(form.getAttribute("action"), { method: "POST", body: sent, redirect: "error" }).then(function (answer) {
      if (answer.status === 200 || answer.status === 400) { // 400: the interaction is over, and its page says so.
        button.click();
      } else {
        later();
      }
    }, later);
  }

  document.getElementById("by-itself").hidden = false;
  later();
})();
