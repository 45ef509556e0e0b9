namespace SyscallExplorer.Linux;

/// <summary><c>struct user</c>, which PTRACE_PEEKUSER and POKEUSER look into: the registers at its beginning and the debug registers at its end. sys/user.h.</summary>
/// <param name="machine">The machine.</param>
/// <param name="task">The tracee.</param>
/// <param name="compat">Whether the tracer is a 32-bit one, whose structure has words of 32 bits.</param>
internal sealed class TraceeUserArea(LinuxMachine machine, TaskState task, bool compat)
{
    private const int DebugRegisters = 8;

    private readonly TraceeRegisters _registers = new(machine, task);
    private readonly TraceeDebugRegisters _debug = new(machine, task.Id);

    private uint Word => compat ? 4u : 8;

    private uint Size => compat ? 284u : 928;

    private uint FirstDebug => compat ? 252u : 848;

    private int Registers => compat ? TraceeRegisters.CompatCount : TraceeRegisters.Count;

    /// <summary>Reads a word; of what lies between the registers nothing is known.</summary>
    public long Read(ulong offset, out ulong value)
    {
        value = 0;
        if (offset % Word != 0 || offset >= Size)
            return -Errno.EIO;
        int index = (int)(offset / Word);
        if (index < Registers)
            value = compat ? _registers.Compat(index) : _registers[index];
        else if (DebugIndex(offset) is { } debug)
            value = _debug[debug];
        return 0;
    }

    /// <summary>Writes a word. Only registers can be written; what a 32-bit tracer writes elsewhere is ignored.</summary>
    public long Write(ulong offset, ulong value)
    {
        if (offset % Word != 0 || offset >= Size)
            return -Errno.EIO;
        int index = (int)(offset / Word);
        if (index < Registers)
            return compat ? _registers.SetCompat(index, (uint)value) : _registers.Set(index, value);
        return DebugIndex(offset) is { } debug ? _debug.Set(debug, value) : compat ? 0 : -Errno.EIO;
    }

    private int? DebugIndex(ulong offset) =>
        offset >= FirstDebug && offset < FirstDebug + DebugRegisters * Word ? (int)((offset - FirstDebug) / Word) : null;
}
