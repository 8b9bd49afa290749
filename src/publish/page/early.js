/* Before anything is drawn: what only a script can show need not be laid out first. */
document.documentElement.className = "js";
