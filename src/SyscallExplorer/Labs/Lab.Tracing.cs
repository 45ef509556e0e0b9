using Iced.Intel;
using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <content>Programs whose system calls the kernel itself tells of, as it does for strace and for audit.</content>
public sealed partial class Lab
{
    /// <summary>
    /// Runs a program on a fork of the lab, under the kernel's tracepoints: its calls go by the tracers' slow way, and its cycles are those of a
    /// traced program. <see cref="Observe(ProgramRequest, ObservationOptions?)"/> sees the same calls without being noticed.
    /// </summary>
    /// <param name="request">The program, what it is given and what it may use.</param>
    /// <param name="options">How calls are written; null means as <c>strace -f -o FILE</c> does.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such root.</exception>
    /// <exception cref="ElfFormatException">It is no program that the machine can start; the message says what is wrong and what would be right.</exception>
    public CallLog Strace(ProgramRequest request, StraceOptions? options = null)
    {
        LoadedProgram program = LoadedProgram.Load(Machine.Fork(), request);
        program.Machine.TraceSystemCalls(options);
        program.Machine.Run(request.RunLimits);
        string text = program.Machine.SystemCalls?.ToString() ?? "";
        return new CallLog(InputsWith(["strace", .. program.Inputs()]), request.ToString(), text, IsComplete: program.Machine.IsOver);
    }

    /// <summary>Runs a program written with Iced's assembler, and writes its system calls down as strace does.</summary>
    /// <param name="program">Writes its instructions.</param>
    /// <param name="bitness">32 or 64.</param>
    /// <param name="input">What it reads from standard input.</param>
    /// <param name="options">How calls are written; null means as <c>strace -f -o FILE</c> does.</param>
    /// <exception cref="ArgumentException">The program cannot be assembled.</exception>
    public CallLog Strace(Action<Assembler> program, int bitness = 64, string input = "", StraceOptions? options = null) =>
        Strace(ProgramRequest.Assemble(program, bitness).WithInput(input), options);

    /// <summary>Runs a program on a fork of the lab, with the kernel's audit of system calls switched on.</summary>
    /// <param name="request">The program, what it is given and what it may use.</param>
    /// <returns>A record for each call that has returned; as text it is audit's own.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such root.</exception>
    /// <exception cref="ElfFormatException">It is no program that the machine can start; the message says what is wrong and what would be right.</exception>
    public IReadOnlyList<AuditRecord> Audit(ProgramRequest request)
    {
        LoadedProgram program = LoadedProgram.Load(Machine.Fork(), request);
        program.Machine.StartAudit();
        program.Machine.Run(request.RunLimits);
        return program.Machine.AuditLog;
    }
}
