using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>The families of C programs in the folders beside this file: each line that such a program writes tells one thing that it found.</summary>
internal static class Corpus
{
    /// <summary>Every program with every library for it.</summary>
    internal static TheoryData<string, string> Programs()
    {
        string folder = Path.Combine(Repository.Root, "tests", "SyscallExplorer.EndToEnd.Tests", "Programs");
        var data = new TheoryData<string, string>();
        foreach (string family in Directory.GetDirectories(folder).Order(StringComparer.Ordinal))
        {
            foreach (string source in Directory.GetFiles(family, "*.c").Order(StringComparer.Ordinal))
            {
                foreach (string library in (string[])["glibc", "musl"])
                    data.Add($"{Path.GetFileName(family)}/{Path.GetFileNameWithoutExtension(source)}", library);
            }
        }

        return data;
    }

    internal static void Compare(string name, string library, int bitness)
    {
        string program = Compiled.Get(name, new Variant(library, bitness, Optimisation: 2));
        // Only the shell's programs need files that are not their own.
        NativeAndKit.CompareHere(new ProgramCall(program, NativeAndKit.Folder) { Options = name == "library/shell" ? ["--root", "/"] : [] });
    }
}

/// <summary>The corpus, compiled for 64 bits.</summary>
public sealed class Corpus64Tests
{
    public static TheoryData<string, string> Programs() => Corpus.Programs();

    [SkippableTheory]
    [MemberData(nameof(Programs))]
    public void A_64_bit_program_finds_what_it_finds_on_the_host(string name, string library) => Corpus.Compare(name, library, 64);
}

/// <summary>The corpus, compiled for 32 bits.</summary>
public sealed class Corpus32Tests
{
    public static TheoryData<string, string> Programs() => Corpus.Programs();

    [SkippableTheory]
    [MemberData(nameof(Programs))]
    public void A_32_bit_program_finds_what_it_finds_on_the_host(string name, string library) => Corpus.Compare(name, library, 32);
}
