namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>A call of a program that the distribution brings along.</summary>
/// <param name="Name">What it is about.</param>
/// <param name="Program">The path of the program.</param>
/// <param name="Arguments">Its arguments, with <see cref="NativeAndKit.Folder"/> for a folder to fill and <see cref="Tree"/> for a tree to read.</param>
internal sealed record DynamicProgram(string Name, string Program, params string[] Arguments)
{
    /// <summary>In arguments: a fixed tree of files that both places see under the same name.</summary>
    internal const string Tree = "{tree}";

    /// <summary>Whether its standard input is some text; else it is empty.</summary>
    public bool ReadsText { get; init; }
}

/// <summary>Debian's own programs, linked dynamically, as rows.</summary>
internal static class DynamicPrograms
{
    private const string Folder = NativeAndKit.Folder, Tree = DynamicProgram.Tree;

    internal static IReadOnlyList<DynamicProgram> All { get; } =
    [
        new("ls", "/bin/ls", Tree),
        new("ls of all, a line each", "/bin/ls", "-1aF", Tree),
        new("ls in depth", "/bin/ls", "-R", Tree),
        new("ls by size", "/bin/ls", "-1SrL", $"{Tree}/one.txt", $"{Tree}/runs", $"{Tree}/link", $"{Tree}/dir/deeper/three.txt"),
        new("ls with modes, links, sizes, times", "/bin/ls", "-go", "--time-style=+%s", $"{Tree}/one.txt", $"{Tree}/runs", $"{Tree}/dir/two.txt"),
        new("ls of nothing", "/bin/ls", "/no/such/folder"),
        new("date of the epoch", "/bin/date", "-u", "-d", "@0"),
        new("date in a format", "/bin/date", "-u", "-d", "2020-02-29 12:34:56", "+%A %j %s %F"),
        new("sort", "/usr/bin/sort") { ReadsText = true },
        new("sort by a number", "/usr/bin/sort", "-k2,2n", "-k1,1r", "-s") { ReadsText = true },
        new("cat with numbers", "/bin/cat", "-n") { ReadsText = true },
        new("cat of files", "/bin/cat", $"{Tree}/one.txt", $"{Tree}/dir/two.txt", $"{Tree}/link"),
        new("wc", "/usr/bin/wc") { ReadsText = true },
        new("sha256sum", "/usr/bin/sha256sum") { ReadsText = true },
        new("sha256sum of files", "/usr/bin/sha256sum", $"{Tree}/one.txt", $"{Tree}/dir/two.txt", "/no/such/file"),
        new("grep", "/bin/grep", "-n", "kernel.*stack") { ReadsText = true },
        new("grep in depth", "/bin/grep", "-rl", "two", Tree),
        new("grep of Perl's expressions", "/bin/grep", "-oP", @"\b(\w)\w*\1\b") { ReadsText = true },
        new("sed", "/bin/sed", "-E", "s/([a-z]+) ([a-z]+)/\\2 \\1/; 10,20d; $a the end") { ReadsText = true },
        new("awk", "/usr/bin/mawk", "{ n[$1]++; s += length($0) } END { for (w in n) if (n[w] > 10) c++; print c, s, s / NR }") { ReadsText = true },
        new("tr", "/usr/bin/tr", "a-z", "A-Z") { ReadsText = true },
        new("cut", "/usr/bin/cut", "-d,", "-f2") { ReadsText = true },
        new("uniq", "/usr/bin/uniq", "-c") { ReadsText = true },
        new("od", "/usr/bin/od", "-A", "x", "-t", "x1z") { ReadsText = true },
        new("head", "/usr/bin/head", "-n", "-100") { ReadsText = true },
        new("tail", "/usr/bin/tail", "-c", "1000") { ReadsText = true },
        new("base64", "/usr/bin/base64") { ReadsText = true },
        new("seq", "/usr/bin/seq", "-w", "1", "500", "20000"),
        new("factor", "/usr/bin/factor", "1234567890123456789", "18446744073709551557"),
        new("expr", "/usr/bin/expr", "6", "*", "7"),
        new("printf", "/usr/bin/printf", "%s %05.2f %x\\n", "text", "3.14159", "255"),
        new("env", "/usr/bin/env", "-i", "A=1", "B=2"),
        new("true", "/bin/true"),
        new("false", "/bin/false"),
        new("find", "/bin/sh", "-c", "find \"$1\" -name '*.txt' -printf '%f %s %y\\n' | sort", "sh", Tree),
        new("find with exec", "/bin/sh", "-c", "find \"$1\" -type f -exec wc -c {} + | sort", "sh", Tree),
        new("xargs", "/usr/bin/xargs", "-n", "50", "/bin/echo") { ReadsText = true },
        new("cmp", "/usr/bin/cmp", $"{Tree}/one.txt", $"{Tree}/dir/two.txt"),
        new("diff", "/usr/bin/diff", "-u", "--label", "a", "--label", "b", $"{Tree}/one.txt", $"{Tree}/dir/two.txt"),
        new("gzip and back", "/bin/sh", "-c", "gzip -c | gunzip -c") { ReadsText = true },
        new("tar", "/bin/sh", "-c", "cd \"$1\" && tar --sort=name -cf \"$2/t.tar\" dir one.txt && cd \"$2\" && tar tf t.tar && tar xf t.tar && cat dir/two.txt", "sh", Tree, Folder),
        new("dash: pipes and jobs", "/bin/sh", "-c", "seq 1 100 | grep 3 | wc -l; (sleep 0.05; echo late) & echo early; wait; f() { echo \"f $1\"; }; f x; x=$(echo sub); echo $x; exit 3"),
        new("dash: files", "/bin/sh", "-c", "cd \"$1\"; mkdir -p a/b; echo text > a/b/c; cp a/b/c d; ln -s d e; cat e; mv d f; cat e 2> /dev/null || echo dangling; rm -r a; ls", "sh", Folder),
        new("dash: a script file", "/bin/sh", "-c", "cd \"$1\"; printf '#!/bin/sh\\necho \"script $1\"; exit 4\\n' > s; chmod +x s; ./s one; echo $?", "sh", Folder),
        new("dash: a trap", "/bin/sh", "-c", "trap 'echo trapped' USR1; kill -USR1 $$; trap 'echo leaving' EXIT; echo here"),
        new("bash: arrays and arithmetic", "/bin/bash", "-c", "a=(one two three); echo ${a[@]} ${#a[@]} ${a[1]^^}; declare -A m=([k]=v); echo ${m[k]}; for ((i = 0; i < 3; i++)); do echo -n \"$i \"; done; echo; [[ abc =~ ^a(.)c$ ]] && echo ${BASH_REMATCH[1]}; echo {a..e} $((2 ** 40))"),
        new("bash: substitution of processes", "/bin/bash", "-c", "diff <(seq 1 5) <(seq 1 6); echo ${PIPESTATUS[0]}; seq 1 3 | while read x; do echo \"<$x>\"; done; wait"),
        new("bash: here strings and functions", "/bin/bash", "-c", "cat <<< 'a string'; f() { local -i n=$1; (( n > 1 )) && echo $((n * $(f $((n - 1))))) || echo 1; }; f 6; printf -v v '%03d' 7; echo $v; mapfile -t l < <(printf 'a\\nb\\n'); echo ${l[1]}"),
        new("python: a sum", "/usr/bin/python3", "-c", "print(sum(range(100000)))"),
        new("python: collections", "/usr/bin/python3", "-c", "d = {}\nfor w in 'a b a c b a'.split(): d[w] = d.get(w, 0) + 1\nprint(sorted(d.items()), 2 ** 100, 1 / 3, '%.3f' % 2.5, [x * x for x in range(5)])"),
        new("python: text", "/usr/bin/python3", "-c", "import sys\nt = sys.stdin.read()\nprint(len(t), len(set(t.split())), t[:20].upper())") { ReadsText = true },
        new("python: processes and files", "/usr/bin/python3", "-c", "import os, sys\nos.chdir(sys.argv[1])\nr, w = os.pipe()\npid = os.fork()\nif pid == 0:\n    os.write(w, b'from the child')\n    os._exit(7)\nprint(os.read(r, 100).decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\nopen('f', 'w').write('text\\n' * 3)\nprint(open('f').readlines(), os.listdir('.'), os.stat('f').st_size)", Folder),
        new("python: threads", "/usr/bin/python3", "-c", "import _thread\nl = [_thread.allocate_lock() for _ in range(4)]\nr = [0] * 4\ndef f(i):\n    r[i] = sum(range(i * 1000))\n    l[i].release()\nfor i in range(4):\n    l[i].acquire()\n    _thread.start_new_thread(f, (i,))\nfor k in l: k.acquire()\nprint(r)"),
        new("python: an exception", "/usr/bin/python3", "-c", "def f(n): return 1 // n\nf(0)"),
        new("perl", "/usr/bin/perl", "-e", "my %c; while (<STDIN>) { $c{$_}++ for split } print map { \"$_ $c{$_}\\n\" } grep { $c{$_} > 20 } sort keys %c") { ReadsText = true },
        new("perl: processes", "/usr/bin/perl", "-e", "$| = 1; print `echo by the shell`; if (my $p = fork) { waitpid $p, 0; print $? >> 8, \"\\n\" } else { exit 9 } $SIG{USR1} = sub { print \"signal\\n\" }; kill USR1 => $$; printf \"%.3f %s\\n\", atan2(1, 1) * 4, join ',', reverse 1 .. 5"),
        new("gcc compiles, links, and what it made runs", "/bin/sh", "-c", "PATH=/usr/bin:/bin; export PATH; cd \"$1\"; printf '#include <stdio.h>\\nint main(void) { printf(\"made here: %%d\\\\n\", 6 * 7); return 3; }\\n' > a.c; gcc -O1 a.c -o a && ./a; echo $?; ls", "sh", Folder),
    ];
}
