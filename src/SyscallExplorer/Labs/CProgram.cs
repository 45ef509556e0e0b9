using System.Runtime.InteropServices;

namespace SyscallExplorer;

/// <summary>
/// A small C program, compiled by this computer's gcc into a static file, or the reason why it was not: a notebook goes on without a compiler. The
/// same source and compiler give the same file.
/// </summary>
public sealed record CProgram
{
    private CProgram(ProgramRequest? request, string? reason) => (Request, Reason) = (request, reason);

    /// <summary>The program, or null where it could not be compiled.</summary>
    public ProgramRequest? Request { get; }

    /// <summary>A sentence that says what is missing, or null where nothing is.</summary>
    public string? Reason { get; }

    /// <summary>Compiles a program with the C library in it, so that it needs no file of this computer when it runs.</summary>
    /// <param name="source">A text in C.</param>
    /// <param name="bitness">32 or 64.</param>
    /// <param name="options">More of gcc's options, such as <c>-O0</c>.</param>
    /// <returns>The program; where gcc, or its library of this bitness, is not here, the reason.</returns>
    /// <exception cref="ArgumentException">The source is wrong, and the message is the compiler's; or there is no such bitness.</exception>
    public static CProgram Compile(string source, int bitness = 64, params string[] options)
    {
        if (bitness is not (32 or 64))
            throw new ArgumentException($"A program has 32 or 64 bits, not {bitness}.", nameof(bitness));
        if (!OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture != Architecture.X64)
            return Skipped("only gcc on Linux on x86-64 makes programs for the machine");
        if (CCompiler.Find() is not { } compiler)
            return Skipped("there is no gcc on the PATH");
        return compiler.Make(source, bitness, options) switch
        {
            { File: { } file } => new CProgram(ProgramRequest.OfElf("/program", file), null),
            { Said: var said } when compiler.Make("int main(void) { return 0; }", bitness, []).File is not null => throw new ArgumentException(said, nameof(source)),
            _ => Skipped($"gcc cannot make static {bitness}-bit programs here, for want of a library (gcc-multilib has it for 32 bits on Debian)"),
        };
    }

    /// <summary>Does something with the program, or tells why not.</summary>
    /// <param name="use">Such as <c>lab.Strace</c> in a lambda.</param>
    /// <returns>What came of it, or <see cref="Reason"/>.</returns>
    public object? With(Func<ProgramRequest, object?> use) => Request is { } request ? use(request) : Reason;

    private static CProgram Skipped(string reason) => new(null, $"Skipped: {reason}.");
}
