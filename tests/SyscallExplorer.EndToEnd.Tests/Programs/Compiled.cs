using System.Collections.Concurrent;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>A way of compiling the C programs beside this file into static ones.</summary>
/// <param name="Library">glibc or musl.</param>
/// <param name="Bitness">32 or 64.</param>
/// <param name="Optimisation">0 or 2.</param>
public sealed record Variant(string Library, int Bitness, int Optimisation)
{
    /// <summary>Those that are tried: code that was not optimised is much alike whichever library goes with it.</summary>
    public static IReadOnlyList<Variant> All { get; } =
    [
        .. from bitness in (int[])[64, 32] from optimisation in (int[])[0, 2] select new Variant("glibc", bitness, optimisation),
        new Variant("musl", 64, 2),
        new Variant("musl", 32, 2),
    ];

    /// <inheritdoc/>
    public override string ToString() => $"{Library}-m{Bitness}-O{Optimisation}";
}

/// <summary>The C programs, compiled once for each variant.</summary>
internal static class Compiled
{
    private static readonly string s_musl32 = Environment.GetEnvironmentVariable("MUSL32_SPECS") ?? "/usr/lib/i386-linux-musl/musl-gcc.specs";

    private static readonly string s_folder = Directory.CreateTempSubdirectory("sysx-programs-").FullName;
    private static readonly ConcurrentDictionary<(string Name, Variant Variant), Lazy<string>> s_made = new();

    static Compiled() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(s_folder, recursive: true);

    /// <summary>The path of a program; without the compiler for it the test is skipped, and in continuous integration it fails.</summary>
    internal static string Get(string name, Variant variant)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.X64,
            "The programs run natively too, on Linux on x86-64.");
        string[] compiler = CompilerFor(variant);
        return s_made.GetOrAdd((name, variant), _ => new Lazy<string>(() => Make(name, variant, compiler))).Value;
    }

    private static string Make(string name, Variant variant, string[] compiler)
    {
        string source = Path.Combine(Repository.Root, "tests", "SyscallExplorer.EndToEnd.Tests", "Programs", name + ".c");
        string program = Path.Combine(s_folder, $"{name.Replace('/', '-')}-{variant}");
        Tools.Run(compiler[0], s_folder, null, [.. compiler[1..], "-static", $"-O{variant.Optimisation}", "-std=gnu11", "-pthread", "-o", program, source, "-lm"]);
        return program;
    }

    /// <summary>Debian's own compiler for 32-bit musl cannot stand beside the one for 32-bit glibc, so that the latter compiles for both.</summary>
    private static string[] CompilerFor(Variant variant)
    {
        if (variant is { Library: "musl", Bitness: 32 })
        {
            Tools.RequireFile(s_musl32, "the specs of the 32-bit musl library (musl-dev of i386; MUSL32_SPECS says where it was unpacked)");
            return [Tools.Require("gcc"), "-m32", "-no-pie", "-specs", s_musl32, "-Wl,-m,elf_i386"];
        }

        if (variant.Library == "musl")
            return [Tools.Require("musl-gcc")];
        string gcc = Tools.Require("gcc");
        if (variant.Bitness == 32)
            Tools.RequireFile("/usr/lib32/libc.a", "the static 32-bit C library (gcc-multilib)");
        return [gcc, $"-m{variant.Bitness}"];
    }
}
