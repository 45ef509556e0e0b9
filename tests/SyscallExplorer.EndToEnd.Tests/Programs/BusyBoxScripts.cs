namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>A script for a shell.</summary>
/// <param name="Name">What it is about.</param>
/// <param name="Text">The script. It starts in an empty directory.</param>
/// <param name="Input">Its standard input.</param>
internal sealed record ShellScript(string Name, string Text, string Input = "")
{
    /// <summary>Whether it runs programs that this BusyBox does not have built in, and that are therefore the host's.</summary>
    public bool RunsPrograms { get; init; }
}

/// <summary>What shells and the usual tools do, as rows.</summary>
internal static class BusyBoxScripts
{
    private const string Fruit = "pear 3\napple 12\nfig 7\napple 5\npear 1\nquince 20\n";

    internal static IReadOnlyList<ShellScript> All { get; } =
    [
        new("a pipe", "echo one two three | wc -w"),
        new("a long chain", "seq 1 2000 | grep 7 | sed 's/7/seven/g' | tr a-z A-Z | sort | uniq | tail -n 5 | cut -c1-8"),
        new("sort and count", "sort | uniq -c | sort -rn | head -n 3", "b\na\nb\nc\na\nb\n"),
        new("the head closes early", "seq 1 1000000 | head -n 3; echo $?"),
        new("yes and head", "yes yes | head -n 1000 | md5sum"),
        new("pipe status of the last", "false | true; echo $?; true | false; echo $?; ! true | false; echo $?"),
        new("a here-document", "name=you\ncat <<EOF\nhello $name, $((6 * 7))\nEOF\ncat <<'EOF'\nhello $name\nEOF\ncat <<-EOF\n\tindented\n\tEOF"),
        new("a long here-document", "lines=$(seq 1 20000)\nwc -l <<EOF\n$lines\nEOF"),
        new("command substitution", "a=$(echo inner; exit 3); echo \"$a\" $?; echo $(echo $(echo deep)) `echo old`; echo \"$(printf 'a\\nb\\n\\n')\"."),
        new("jobs in the background", "(sleep 0.05; echo second) & echo first; wait; echo third; sh -c 'exit 9' & wait $!; echo $?"),
        new("many jobs", "for i in 1 2 3 4 5 6 7 8; do (echo $((i * i)) > out$i) & done; wait; cat out*"),
        new("a job that is killed", "sleep 100 & kill $!; wait $!; echo $?"),
        new("traps", "trap 'echo bye' EXIT; trap 'echo got USR1' USR1; kill -USR1 $$; echo after; (trap 'echo inner' EXIT; exit 4); echo $?; exit 5"),
        new("a trap during wait", "trap 'echo term' TERM; (sleep 0.1; kill -TERM $$) & wait; echo $?; wait; echo done"),
        new("an ignored signal", "trap '' HUP; kill -HUP $$; echo alive; sh -c 'kill -HUP $$; echo alive too'"),
        new("functions", "f() { local x=$1; [ $x -le 1 ] && { echo 1; return; }; echo $((x * $(f $((x - 1))))); }; f 6; g() { return 7; }; g; echo $?"),
        new("loops", "for i in a b c; do for j in 1 2; do [ $j = 2 ] && continue 2; echo $i$j; done; done; i=0; while :; do i=$((i + 1)); [ $i = 3 ] && break; echo $i; done; until [ $i = 0 ]; do i=$((i - 1)); done; echo $i"),
        new("a case", "for w in apple 12 -x ''; do case $w in [0-9]*) echo number;; a*|b*) echo word;; -?) echo option;; '') echo empty;; *) echo other;; esac; done"),
        new("arithmetic", "echo $((1 + 2 * 3)) $((7 / 2)) $((-7 % 3)) $((1 << 10)) $((0x1f)) $((010)) $((5 > 3 && 2 < 1)) $((a = 5, a * a)); i=0; echo $((i++)) $((++i)) $i"),
        new("expansions", "p=/usr/lib/file.tar.gz; echo ${p##*/} ${p%%.*} ${p%.*} ${#p} ${none:-default} ${p:+set} ${p:5:3} ${p/lib/LIB}; set -- a b c; echo $# $* \"$@\" $2; shift; echo $1"),
        new("quotes and fields", "a='x  y'; echo $a; echo \"$a\"; IFS=:; b=1:2:3; for i in $b; do echo \"[$i]\"; done; printf '%s|' a\\ b 'c d' \"e f\"; echo"),
        new("globs", "touch b1 a2 a1 .hidden 'with space'; mkdir d; echo *; echo a?; echo [ab]1; echo nothing*; echo .h*; for f in *; do echo \"<$f>\"; done"),
        new("redirections", "echo out; echo err >&2; { echo a; echo b >&2; } > both 2>&1; cat both; exec 3> third; echo three >&3; exec 3>&-; cat third; cat < third >> both; wc -l < both; ls nothing 2> /dev/null || echo failed; echo x 3>&1 >&2 | cat"),
        new("reading lines", "while read -r first rest; do echo \"$rest <- $first\"; done; echo end", Fruit),
        new("reading in a pipe", "seq 1 5 | while read n; do s=$((s + n)); echo $s; done"),
        new("exit codes", "sh -c 'exit 300'; echo $?; nosuchcommand 2> /dev/null; echo $?; ./not_there 2> /dev/null; echo $?; echo text > plain; ./plain 2> /dev/null; echo $?; sh -c 'kill -9 $$'; echo $?"),
        new("set -e and set -u", "(set -e; false; echo not reached); echo $?; (set -u; echo $nothing; echo not reached) 2> /dev/null; echo $?; set -- -x; set -f; echo *"),
        new("eval and dot", "x='echo evaluated'; eval \"$x; y=5\"; echo $y; echo 'z=9; echo sourced' > lib; . ./lib; echo $z; command -v cd; type echo"),
        new("test", "echo x > f; mkdir d; ln -s f l; for t in '-f f' '-d d' '-L l' '-e none' '-s f' '-r f' '-n word' '-z word' '3 -lt 5' 'a = b' '! -d f' '-f f -a -d d'; do [ $t ] && echo \"$t: yes\" || echo \"$t: no\"; done"),
        new("expr", "expr 2 + 3 \\* 4; expr length abcde; expr substr abcde 2 3; expr abc : 'a\\(.\\)c'; expr 5 \\> 3; expr 1 / 0 2> /dev/null; echo $?"),
        new("printf", "printf '%d %5d|%-5d|%05d %x %o %c %s %.2f %e\\n' 42 42 42 42 255 8 x str 3.14159 12345.678; printf '%b' 'tab\\there\\n'; printf '%s\\n' a b c"),
        new("sha256sum", "printf abc | sha256sum; seq 1 10000 > f; sha256sum f > sums; sha256sum -c sums; echo x >> f; sha256sum -c sums 2> /dev/null; echo $?"),
        new("other sums", "seq 1 500 > f; md5sum f; sha1sum f; sha512sum f; cksum f; sum f; crc32 f") { RunsPrograms = true },
        new("gzip and gunzip", "seq 1 20000 | gzip | gunzip | md5sum; seq 1 20000 > f; gzip f; ls; gunzip f.gz; wc -c f; gzip -c f | wc -c; zcat f 2> /dev/null; echo $?"),
        new("bzip2", "seq 1 3000 | bzip2 | bunzip2 | md5sum; seq 1 3000 > f; bzip2 f; ls; bzcat f.bz2 | tail -n 1; bunzip2 f.bz2; cksum f") { RunsPrograms = true },
        new("tar", "mkdir -p t/a/b; echo one > t/1; echo two > t/a/2; ln -s 1 t/l; tar c t | tar t | sort; tar cf t.tar t; rm -r t; tar xf t.tar; cat t/1 t/a/2 t/l; tar czf t.tgz t; tar tzf t.tgz | sort; tar xOf t.tar t/1") { RunsPrograms = true },
        new("cpio", "mkdir c; echo one > c/1; echo two > c/2; find c | sort | cpio -o -H newc 2> /dev/null | (mkdir x; cd x; cpio -i 2> /dev/null; cat c/1 c/2)"),
        new("awk", "awk '{ s[$1] += $2 } END { for (k in s) print k, s[k] | \"sort\" }'; echo 3.5 2 | awk '{ printf \"%.3f %d %s\\n\", $1 / $2, $1 * $2, substr(\"hello\", $2) }'", Fruit) { RunsPrograms = true },
        new("awk alone", "awk 'function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) } BEGIN { print f(15); x = \"a:b:c\"; n = split(x, p, \":\"); for (i = n; i > 0; i--) print p[i]; print toupper(\"up\"), length(x), index(x, \"b\"), match(\"foobar\", /o+/), RSTART, RLENGTH; gsub(/[ac]/, \"<&>\", x); print x; \"echo from a pipe\" | getline l; print l; print int(-3.7), 7 % 3 }'") { RunsPrograms = true },
        new("sed", "sed -n '2,4p'; printf 'a=1\\nb=2\\n' | sed -e 's/\\(.*\\)=\\(.*\\)/\\2=\\1/' -e '1!G;h;$!d'; echo hello | sed 'y/el/ip/; s/l*o$/!/'; seq 10 | sed '3d; /5/,/7/s/^/> /; $a end'", Fruit),
        new("sed in place", "printf 'one\\ntwo\\n' > f; sed -i 's/o/0/g' f; cat f; sed -n '$=' f"),
        new("find", "mkdir -p a/b/c; touch a/1.c a/b/2.c a/b/c/3.h; find a | sort; find a -name '*.c' | sort; find a -type d | sort; find a -name '*.h' -exec echo found {} \\;; find a -maxdepth 1 | sort; find . -name '*.c' -exec rm {} +; find a -type f"),
        new("xargs", "seq 1 10 | xargs -n 3 echo; printf 'a b\\0c d\\0' | xargs -0 -n 1 echo; seq 1 3 | xargs -I {} echo '<{}>'; echo | xargs -r echo nothing; seq 1 20000 | xargs echo | wc -l"),
        new("find with xargs", "mkdir d; for i in 1 2 3 4 5; do echo line $i > d/f$i; done; find d -type f -print0 | sort -z | xargs -0 cat; find d -type f | xargs grep -l 3"),
        new("grep", "grep -n ap; echo abc | grep -o '[a-b]'; printf 'x1\\ny2\\n' | grep -E '^(x|z)[0-9]$'; printf 'a.b\\naxb\\n' | grep -F a.b; echo A | grep -ci a; echo | grep -q x; echo $?", Fruit),
        new("grep in a tree", "mkdir -p t/u; echo needle one > t/a; echo hay > t/b; echo needle two > t/u/c; grep -r needle t | sort; grep -rl needle t | sort; grep -rc needle t | sort; grep -L needle t/a t/b"),
        new("cut, paste, tr", "cut -d' ' -f2; echo a:b:c | cut -d: -f1,3; echo abcdef | cut -c2-4; printf '1\\n2\\n' > x; printf 'a\\nb\\n' > y; paste x y; paste -d, -s x; echo Hello | tr 'a-z' 'A-Z' | tr -d L | tr -s O; echo a1b2 | tr -c '0-9\\n' .", Fruit),
        new("sort", "sort; sort -k2n; sort -u -k1,1 < /dev/null", Fruit),
        new("sorting", "printf '%s\\n' 10 9 1 100 > n; sort n; sort -n n; sort -rn n; printf 'b 2\\na 2\\nc 1\\n' | sort -k2,2n -k1,1r; printf 'x\\nX\\n' | sort -f; sort -c n 2> /dev/null; echo $?; sort -n -o n n; cat n"),
        new("comm, join, uniq", "printf 'a\\nb\\nc\\n' > x; printf 'b\\nc\\nd\\n' > y; comm x y; comm -12 x y; printf 'a\\na\\nb\\n' | uniq -c; printf 'a\\na\\nb\\n' | uniq -d; printf 'a\\na\\nb\\n' | uniq -u") { RunsPrograms = true },
        new("diff and cmp", "printf '1\\n2\\n3\\n' > x; printf '1\\ntwo\\n3\\n4\\n' > y; diff x y | sed '/^---/d; /^+++/d'; echo $?; cmp x x; echo $?; cmp x y; echo $?; mkdir a b; echo q > a/f; diff -rq a b"),
        new("patch", "printf '1\\n2\\n3\\n' > x; printf -- '--- x\\n+++ x\\n@@ -1,3 +1,3 @@\\n 1\\n-2\\n+two\\n 3\\n' | patch -p0; cat x"),
        new("dd", "seq 1 1000 > f; dd if=f of=g bs=100 count=3 skip=2 2> /dev/null; wc -c g; md5sum < g; dd if=/dev/zero bs=1k count=64 2> /dev/null | md5sum; printf abcdef | dd bs=1 skip=2 count=3 2> /dev/null; echo; printf XX | dd of=g bs=1 seek=5 conv=notrunc 2> /dev/null; head -c 12 g | od -c"),
        new("head and tail", "seq 1 20 > f; head -n 2 f; tail -n 2 f; head -c 5 f; tail -c 5 f; tail -n +19 f; head -n -18 f; cat f | tail -n 1; tac f | head -n 1; rev f | head -n 1; nl f | tail -n 1"),
        new("od, hexdump, xxd", "printf 'hello\\000\\377' > f; od -An -tx1 f; hexdump -C f; xxd f; od -c f; printf 68656c6c6f | xxd -r -p; echo; base64 f; base64 f | base64 -d | cmp - f"),
        new("files", "mkdir -p a/b/c; ls -1 a; echo x > a/f; cp a/f g; cp -r a h; find h | sort; mv g i; cat i; rm i; ls -1; rmdir a/b/c; rm -r a h; ls -1; rm none 2> /dev/null; echo $?"),
        new("links and modes", "umask 022; echo x > f; ln f hard; ln -s f soft; stat -c '%a %s %h %F' f soft; readlink soft; chmod 600 f; stat -c %a f; chmod u+x,g=r f; stat -c %a f; ls -1F; rm f; cat hard; cat soft 2> /dev/null || echo dangling; realpath hard | sed 's#.*/##'"),
        new("times", "export TZ=UTC0; touch -d '2001-02-03 04:05:06' f; stat -c %Y f; date -u -r f; touch -r f g; [ f -nt g ] || echo not newer; touch f; [ f -nt g ] && echo newer; date -u -d @1000000000; date -u -d '2020-02-29 12:00' +%s"),
        new("a directory of many files", "mkdir m; for i in $(seq 1 300); do : > m/f$i; done; ls m | wc -l; ls m | sort -t f -k2n | tail -n 2; rm m/f1*; ls m | wc -l; rm -rf m; ls"),
        new("mktemp and FIFO", "t=$(mktemp -d ./tXXXXXX); [ -d $t ] && echo made; mkfifo p; (echo through > p) & cat p; wait; (for i in 1 2 3; do echo $i; done > p) & while read x; do echo got $x; done < p; wait; rm p"),
        new("tee", "seq 1 5 | tee a b | wc -l; cat a b | wc -l; echo more | tee -a a > /dev/null; tail -n 1 a"),
        new("split and cat", "seq 1 1000 > f; split -l 300 f part; ls part*; cat part* | cmp - f && echo same; split -b 1000 f byte; cat byte* | cmp - f && echo same") { RunsPrograms = true },
        new("nested shells", "sh -c 'echo 1; sh -c \"echo 2; sh -c \\\"echo 3; exit 3\\\"; echo \\$?; exit 2\"; echo $?'; echo $?; (a=1; (a=2; echo $a); echo $a)"),
        new("environment", "A=1 B=two env | grep '^[AB]=' | sort; export C=3; sh -c 'echo $C'; unset C; sh -c 'echo \"[$C]\"'; env -i D=4 sh -c 'echo $D'; X=5 sh -c 'echo $X'; echo \"[$X]\""),
        new("script files", "printf '#!/bin/sh\\necho never\\n' > s; printf 'echo \"$0 has $#: $*\"\\n' > t; sh t a 'b c'; sh -n t && echo good; echo 'if' > u; sh -n u 2> /dev/null; echo $?"),
        new("timeouts", "timeout 0.1 sleep 10; echo $?; timeout 10 echo quick; timeout -s KILL 0.1 sleep 10; echo $?; usleep 1000; sleep 0.01; echo slept"),
        new("bc and dc", "echo '2 ^ 100; scale = 10; 1 / 7' | bc; echo '2 3 + 4 * p' | dc; echo 'define f(n) { if (n < 2) return 1; return n * f(n - 1); }; f(30)' | bc"),
        new("factor and primes", "factor 12 97 1000000007 600851475143; i=2; while [ $i -lt 60 ]; do p=1; j=2; while [ $((j * j)) -le $i ]; do [ $((i % j)) = 0 ] && p=0 && break; j=$((j + 1)); done; [ $p = 1 ] && printf '%d ' $i; i=$((i + 1)); done; echo"),
        new("ed and fold", "printf 'one\\ntwo\\nthree\\n' > f; printf '2d\\n1a\\ninserted\\n.\\nw\\nq\\n' | ed f > /dev/null; cat f; fold -w 3 f; expand f | cat -n; unexpand f | head -n 1"),
        new("who and where", "id -u > /dev/null && echo have an id; hostname > /dev/null && echo have a name; uname -s; [ $(nproc) -ge 1 ] && echo have a processor; tty < /dev/null || true"),
        new("process listing", "sleep 5 & p=$!; kill -0 $p && echo running; [ -d /proc/$p ] && echo in proc; grep -c ^State /proc/$p/status; kill $p; wait $p; echo $?; kill -0 $p 2> /dev/null || echo gone"),
        new("a stopped job goes on", "(sleep 0.05; echo woke) & p=$!; kill -STOP $p; kill -CONT $p; wait $p; echo $?"),
        new("a big variable", "a=$(seq 1 30000); echo \"$a\" | wc -c; b=$a$a; echo ${#b}; set -- $a; echo $#"),
        new("copying a megabyte", "dd if=/dev/zero bs=64k count=16 2> /dev/null | tr '\\000' x > f; wc -c < f; cat f f > g; wc -c < g; md5sum g; cp g h; cmp g h && echo same; cat g | cat | cat | md5sum"),
    ];
}
