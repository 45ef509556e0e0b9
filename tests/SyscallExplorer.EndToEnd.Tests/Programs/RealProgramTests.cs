using System.Diagnostics;
using System.Text;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>Programs of real compilers and C libraries: what they write and how they end must be the same here and on the host, byte for byte.</summary>
public sealed class RealProgramTests
{
    private const string Kit = "the kit";
    private const string Host = "the host";

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
        Compare(program, arguments, name == "sha256" ? Text(100_000) : []);
    }

    [SkippableTheory]
    [InlineData(64)]
    [InlineData(32)]
    public void A_million_integers_are_sorted(int bitness) => Compare(Compiled.Get("sort", new Variant("glibc", bitness, 2)), ["1000000"], []);

    [SkippableTheory]
    [InlineData("Haswell", 64)]
    [InlineData("Zen2", 64)]
    [InlineData("Haswell", 32)]
    [InlineData("Zen2", 32)]
    public void Other_processors_give_the_same(string cpu, int bitness) =>
        Compare(Compiled.Get("floats", new Variant("glibc", bitness, 2)), [], [], "--cpu", cpu);

    [SkippableFact]
    public void Some_megabytes_are_hashed() => Compare(Compiled.Get("sha256", new Variant("glibc", 64, 2)), [], Text(3_000_000));

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
    public void A_busybox_applet_does_what_it_does_on_the_host(string command) => Compare(BusyBox(), command.Split(' '), Text(40_000));

    [SkippableFact]
    public void The_busybox_shell_runs_a_script_of_its_builtins() => Compare(BusyBox(),
        ["sh", "-c", "read a; for i in 1 2 3; do case $i in 2) echo two;; *) printf '%03d\\n' $((i * 7));; esac; done; echo \"$a\" >&2; exit 7"], Text(300));

    [SkippableFact]
    public void A_shell_that_kills_itself_ends_by_the_signal() => Compare(BusyBox(), ["sh", "-c", "echo before; kill -9 $$; echo after"], []);

    [SkippableFact]
    public void Some_megabytes_go_through_gzip_and_back()
    {
        byte[] text = Text(2_000_000);
        byte[] packed = Compare(BusyBox(), ["gzip", "-c"], text);
        Assert.True(packed.Length < text.Length / 2);
        Assert.Equal(text, Compare(BusyBox(), ["gunzip", "-c"], packed));
    }

    private static string BusyBox()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "BusyBox runs on Linux.");
        return Tools.Require("busybox");
    }

    /// <summary>Runs a program in both places with an empty environment.</summary>
    /// <returns>What it wrote to standard output.</returns>
    private static byte[] Compare(string program, string[] arguments, byte[] input, params string[] options)
    {
        Outcome native = Run(Host, program, arguments, input);
        Outcome emulated = Run(Kit, Tools.Dotnet, ["exec", Path.Combine(AppContext.BaseDirectory, "sysx.dll"), "exec", .. options, program, .. arguments], input);
        string said = Encoding.UTF8.GetString(emulated.Error);
        Assert.True(native.Status == emulated.Status, $"{program} ended with {native.Status} on {Host} and with {emulated.Status} in {Kit}: {said}");
        Assert.True(native.Output.AsSpan().SequenceEqual(emulated.Output), $"{program} wrote something else than on {Host}: {said}\n{Difference(native.Output, emulated.Output)}");
        if (native.Status < 128)
            Assert.Equal(Encoding.UTF8.GetString(native.Error), said);
        return native.Output;
    }

    private static string Difference(byte[] expected, byte[] actual)
    {
        const int shown = 200;
        int at = expected.AsSpan().CommonPrefixLength(actual);
        int from = Math.Max(0, at - shown / 2);
        string Part(byte[] bytes) => Encoding.UTF8.GetString(bytes.AsSpan(Math.Min(from, bytes.Length))[..Math.Min(shown, Math.Max(0, bytes.Length - from))]);
        return $"at byte {at} of {expected.Length} and {actual.Length}:\n{Part(expected)}\n--- in {Kit}:\n{Part(actual)}";
    }

    private sealed record Outcome(int Status, byte[] Output, byte[] Error);

    private static Outcome Run(string place, string program, string[] arguments, byte[] input)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        if (place == Host)
            start.Environment.Clear();
        using Process process = Process.Start(start)!;
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        Task copied = Task.WhenAll(process.StandardOutput.BaseStream.CopyToAsync(output), process.StandardError.BaseStream.CopyToAsync(error));
        try
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // Not every program reads all its input.
        }

        process.WaitForExit();
        copied.Wait();
        return new Outcome(process.ExitCode, output.ToArray(), error.ToArray());
    }

    /// <summary>Lines of words that repeat as in a language, with a comma in each line.</summary>
    private static byte[] Text(int length)
    {
        string[] words = ["an", "ant", "and", "the", "kernel", "enters", "leaves", "stack", "ring", "gate", "trap", "of", "in", "on", "0x1f", "ä"];
        var random = new Random(42);
        var text = new StringBuilder();
        while (text.Length < length)
        {
            for (int word = random.Next(3, 9); word > 0; word--)
                text.Append(words[random.Next(words.Length)]).Append(word == 2 ? "," : " ");
            text.Append(random.Next(100_000)).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
