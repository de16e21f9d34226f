# gnuplot docs/plots/anti_entropy.gnuplot
# Figures: unit_cluster -tc="one round of anti-entropy*"
set terminal svg size 640,400 font "sans,12"
set output "docs/plots/anti_entropy.svg"
set logscale xy
set xlabel "keys of 20,000 that one node has missed"
set ylabel "bytes of all messages"
set xrange [5:20000]
set key left top
$cost << end
10 11852
100 54473
1000 325230
10000 1823390
end
plot $cost using 1:2 with linespoints pt 7 title "repair", \
     4932 with lines dt 2 title "nothing differs: 4,932 bytes"
