# The part of a job script that linnet submit takes over, as lines of C.
/^# ---- the text from here on/,$ {
s/\\/\\\\/g
s/"/\\"/g
s/.*/"&\\n",/p
}
