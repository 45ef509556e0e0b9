using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>Programs of real compilers and C libraries: what they write and how they end must be the same here and on the host, byte for byte.</summary>
public sealed class RealProgramTests
{
    public static TheoryData<string, string, int, int> EveryVariant()
    {
        var data = new TheoryData<string, string, int, int>();
        foreach (string name in (string[])["hello", "floats", "sort", "sha256", "recursion", "stack"])
        {
            foreach (Variant variant in Variant.All)
                data.Add(name, variant.Library, variant.Bitness, variant.Optimisation);
        }

        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(EveryVariant))]
    public void A_compiled_program_does_what_it_does_on_the_host(string name, string library, int bitness, int optimisation)
    {
        string program = Compiled.Get(name, new Variant(library, bitness, optimisation));
        string[] arguments = name switch { "hello" or "stack" => ["you", "", "zwölf Wörter"], "sort" => ["10000"], _ => [] };
        NativeAndKit.Compare(new ProgramCall(program, arguments) { Input = name == "sha256" ? SampleText.Of(100_000) : [] });
    }

    [SkippableTheory]
    [InlineData(64)]
    [InlineData(32)]
    public void A_million_integers_are_sorted(int bitness) => NativeAndKit.Compare(new ProgramCall(Compiled.Get("sort", new Variant("glibc", bitness, 2)), "1000000"));

    [SkippableTheory]
    [InlineData("Haswell", 64)]
    [InlineData("Zen2", 64)]
    [InlineData("Haswell", 32)]
    [InlineData("Zen2", 32)]
    public void Other_processors_give_the_same(string cpu, int bitness) =>
        NativeAndKit.Compare(new ProgramCall(Compiled.Get("floats", new Variant("glibc", bitness, 2))) { Options = ["--cpu", cpu] });

    [SkippableFact]
    public void Some_megabytes_are_hashed() =>
        NativeAndKit.Compare(new ProgramCall(Compiled.Get("sha256", new Variant("glibc", 64, 2))) { Input = SampleText.Of(3_000_000) });

    public static TheoryData<string> Applets() => new()
    {
        "echo one two",
        "seq 1 7 100",
        "factor 1234567890123",
        "expr 6 * 7",
        "nosuchapplet",
        "wc",
        "md5sum",
        "sha512sum",
        "sort -u",
        "tr a-z A-Z",
        "cut -d, -f2",
        "sed s/e/EE/g",
        "grep -c an",
        "awk {s+=length($0)}END{printf(\"%d_%.3f\\n\",s,s/NR)}",
        "od -x",
        "bzip2 -c",
        "sleep 0.2",
    };

    [SkippableTheory]
    [MemberData(nameof(Applets))]
    public void A_busybox_applet_does_what_it_does_on_the_host(string command) =>
        NativeAndKit.Compare(new ProgramCall(BusyBox.Path, command.Split(' ')) { Input = SampleText.Of(40_000) });

    [SkippableFact]
    public void The_busybox_shell_runs_a_script_of_its_builtins() => NativeAndKit.Compare(new ProgramCall(BusyBox.Path,
        "sh", "-c", "read a; for i in 1 2 3; do case $i in 2) echo two;; *) printf '%03d\\n' $((i * 7));; esac; done; echo \"$a\" >&2; exit 7")
    { Input = SampleText.Of(300) });

    [SkippableFact]
    public void A_shell_that_kills_itself_ends_by_the_signal() =>
        NativeAndKit.Compare(new ProgramCall(BusyBox.Path, "sh", "-c", "echo before; kill -9 $$; echo after"));

    [SkippableFact]
    public void Some_megabytes_go_through_gzip_and_back()
    {
        byte[] text = SampleText.Of(2_000_000);
        byte[] packed = NativeAndKit.Compare(new ProgramCall(BusyBox.Path, "gzip", "-c") { Input = text });
        Assert.True(packed.Length < text.Length / 2);
        Assert.Equal(text, NativeAndKit.Compare(new ProgramCall(BusyBox.Path, "gunzip", "-c") { Input = packed }));
    }
}
