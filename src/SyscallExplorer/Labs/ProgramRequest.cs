using System.Text;
using Iced.Intel;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>
/// A program with all that it is given, as the options of <c>sysx exec</c> say it. The seed and the kernel's command line belong to the
/// machine: they are given to <see cref="Lab.Boot(string, string, string, ulong)"/>, or to <see cref="Lab.With"/>.
/// </summary>
public sealed record ProgramRequest
{
    /// <summary>An ELF program.</summary>
    /// <param name="path">The file on this computer; with a <see cref="Root"/> the name inside that folder.</param>
    /// <param name="arguments">Its arguments, without its own name.</param>
    public ProgramRequest(string path, params string[] arguments) => (Path, Arguments) = (path, arguments);

    /// <summary>A program that was assembled.</summary>
    public ProgramRequest(UserProgram code)
        : this("/program") => Code = code;

    /// <summary>The file, or the name that an assembled program goes by.</summary>
    public string Path { get; }

    /// <summary>Its arguments, without its own name.</summary>
    public IReadOnlyList<string> Arguments { get; }

    /// <summary>The assembled program, or null for a file.</summary>
    public UserProgram? Code { get; }

    /// <summary>The bytes of an ELF file that stands nowhere on this computer, or null.</summary>
    public ReadOnlyMemory<byte>? Elf { get; private init; }

    /// <summary>Strings such as HOME=/; none unless given. An assembled program has none.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>The bytes that it reads from standard input.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>
    /// A folder of this computer that the program sees under <c>/</c>, for reading; null for none. A program that is linked dynamically finds its libraries there.
    /// </summary>
    public string? Root { get; init; }

    /// <summary>Whether the standard streams look like a terminal.</summary>
    public bool Terminal { get; init; }

    /// <summary>What all its processes together may use; null takes the lab's.</summary>
    public ProgramLimits? Limits { get; init; }

    /// <summary>How many instructions it may execute and how many cycles may pass, sleep included.</summary>
    public RunLimits RunLimits { get; init; } = RunLimits.Instructions(Lab.DefaultProgramLimit);

    /// <summary>A program written with Iced's assembler.</summary>
    /// <param name="write">Writes the instructions; execution starts with the first.</param>
    /// <param name="bitness">32 or 64.</param>
    /// <exception cref="ArgumentException">The program cannot be assembled; the message says why.</exception>
    public static ProgramRequest Assemble(Action<Assembler> write, int bitness = 64) => new(UserProgram.Assemble(write, bitness));

    /// <summary>An ELF program that stands in memory.</summary>
    /// <param name="name">The name that it goes by in the machine.</param>
    /// <param name="file">The bytes of the file.</param>
    /// <param name="arguments">Its arguments, without its own name.</param>
    public static ProgramRequest OfElf(string name, ReadOnlyMemory<byte> file, params string[] arguments) => new(name, arguments) { Elf = file };

    /// <summary>The same with a text on standard input, as UTF-8.</summary>
    public ProgramRequest WithInput(string text) => this with { Input = Encoding.UTF8.GetBytes(text) };

    /// <summary>The program with its arguments, as one would type it.</summary>
    public override string ToString() => string.Join(' ', Arguments.Select(Quoted).Prepend(Path));

    private static string Quoted(string argument) =>
        argument.Length > 0 && argument.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./=:,+@%".Contains(letter, StringComparison.Ordinal))
            ? argument
            : $"'{argument.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
