(function () {
  "use strict";
  var warning = document.getElementById("warning");
  var from = Date.now();

  function look() {
    var left = warning.getAttribute("data-after") * 1000 - (Date.now() - from);
    if (left <= 0) {
      warning.hidden = false;
    } else {
      setTimeout(look, Math.min(left, 10000)); // A device that slept comes late to a long one.
    }
  }

  if (warning) {
    look();
  }
})();
