using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// The general registers of a tracee that is stopped, in the order of <c>struct user_regs_struct</c>: its frame on the kernel's stack, and what
/// the switch to another task has put into its structure. sys/user.h.
/// </summary>
internal sealed class TraceeRegisters(LinuxMachine machine, TaskState task)
{
    /// <summary>Registers of a 64-bit view, 8 bytes each.</summary>
    public const int Count = 27;

    /// <summary>Registers of a 32-bit view, 4 bytes each.</summary>
    public const int CompatCount = 17;

    private const int FrameWords = PtRegsOffsets.Size / 8;
    private const int FsBase = 21, GsBase = 22, Ds = 23, Es = 24, Fs = 25, Gs = 26;
    private const int Privilege = 3;

    /// <summary>The flags that a tracer may set.</summary>
    private const ulong WritableFlags = 0x54DD5;

    /// <summary>The 32-bit view by the numbers of the 64-bit one.</summary>
    private static readonly int[] s_compat =
    [
        PtRegsOffsets.Bx / 8, PtRegsOffsets.Cx / 8, PtRegsOffsets.Dx / 8, PtRegsOffsets.Si / 8, PtRegsOffsets.Di / 8, PtRegsOffsets.Bp / 8, PtRegsOffsets.Ax / 8,
        Ds, Es, Fs, Gs, PtRegsOffsets.OrigAx / 8, PtRegsOffsets.Ip / 8, PtRegsOffsets.Cs / 8, PtRegsOffsets.Flags / 8, PtRegsOffsets.Sp / 8, PtRegsOffsets.Ss / 8,
    ];

    private GuestTask _guest = machine.Tasks.Guest(task);

    /// <summary>Whether the tracee runs 64-bit code, whatever its program is.</summary>
    public bool IsNative => (ushort)Frame[PtRegsOffsets.Cs] == Selectors.UserCs;

    private PtRegs Frame => machine.ReadPtRegs(_guest.Registers);

    public ulong this[int index] => index switch
    {
        PtRegsOffsets.Flags / 8 => Frame[PtRegsOffsets.Flags] & (machine.State.Tasks[task.Id].Stepping.ForcesTrapFlag ? ~Rflags.TF : ulong.MaxValue),
        PtRegsOffsets.Cs / 8 or PtRegsOffsets.Ss / 8 => (ushort)Frame[index * 8],
        < FrameWords => Frame[index * 8],
        FsBase => BaseOf(Fs, TaskLayout.FsBase),
        GsBase => BaseOf(Gs, TaskLayout.GsBase),
        _ => Selector(index),
    };

    /// <summary>A register of the 32-bit view.</summary>
    public uint Compat(int index) => (uint)this[s_compat[index]];

    /// <summary>Sets a register.</summary>
    /// <returns>0 or -EIO.</returns>
    public long Set(int index, ulong value)
    {
        switch (index)
        {
            case PtRegsOffsets.Flags / 8:
                SetFlags(value);
                return 0;
            case PtRegsOffsets.Cs / 8 or PtRegsOffsets.Ss / 8:
                if (!IsUserSelector(value) || value == 0)
                    return -Errno.EIO;
                SetFrame(index * 8, value);
                return 0;
            case < FrameWords:
                SetFrame(index * 8, value);
                return 0;
            case FsBase or GsBase:
                if (value >= machine.Architecture.UserAddressLimit)
                    return -Errno.EIO;
                _guest[index == FsBase ? TaskLayout.FsBase : TaskLayout.GsBase] = value;
                return 0;
            default:
                if (!IsUserSelector(value))
                    return -Errno.EIO;
                SetSelector(index, (ushort)value);
                return 0;
        }
    }

    /// <summary>Sets a register of the 32-bit view. With a number the call counts as a 32-bit one, which may start again as such.</summary>
    public long SetCompat(int index, uint value)
    {
        const int regsPoked = 4;
        int register = s_compat[index];
        if (register == PtRegsOffsets.OrigAx / 8 && (int)value != -1)
            _guest[TaskLayout.ThreadStatus] |= regsPoked;

        // A selector that a 32-bit tracer gives has the base of its descriptor.
        long result = Set(register, register is >= Ds or PtRegsOffsets.Cs / 8 or PtRegsOffsets.Ss / 8 ? (ushort)value : value);
        if (result == 0 && register is Fs or Gs)
            _guest[register == Fs ? TaskLayout.FsBase : TaskLayout.GsBase] = DescriptorBase((ushort)value);
        return result;
    }

    private static bool IsUserSelector(ulong value) => value <= ushort.MaxValue && (value == 0 || (value & Privilege) == Privilege);

    private void SetFrame(int offset, ulong value) => machine.WritePtRegs(Frame.With((offset, value)));

    private void SetFlags(ulong value)
    {
        TaskState now = machine.State.Tasks[task.Id];
        if ((value & Rflags.TF) != 0)
            machine.Tasks.Set(now with { Stepping = now.Stepping with { ForcesTrapFlag = false } });
        else if (now.Stepping.ForcesTrapFlag)
            value |= Rflags.TF;
        SetFrame(PtRegsOffsets.Flags, (Frame[PtRegsOffsets.Flags] & ~WritableFlags) | (value & WritableFlags));
    }

    private static int FieldOf(int index) => index switch { Ds => TaskLayout.Ds, Es => TaskLayout.Es, Fs => TaskLayout.FsIndex, _ => TaskLayout.GsIndex };

    /// <summary>A 32-bit kernel saves the data segments at each entry, behind the registers; a 64-bit one leaves them as they are until it switches.</summary>
    private ulong SavedSelector(int index) => _guest.Registers + I386Registers.Ds + (ulong)(index - Ds) * sizeof(uint);

    private ushort Selector(int index)
    {
        if (machine.Architecture.IsNative32)
        {
            Span<byte> saved = stackalloc byte[sizeof(ushort)];
            machine.ReadKernel(SavedSelector(index), saved);
            return BitConverter.ToUInt16(saved);
        }

        int offset = FieldOf(index);
        return (ushort)(_guest[offset & ~7] >> ((offset & 7) * 8));
    }

    private void SetSelector(int index, ushort value)
    {
        if (machine.Architecture.IsNative32)
        {
            machine.WriteKernel(SavedSelector(index), BitConverter.GetBytes((uint)value));
            return;
        }

        int offset = FieldOf(index), shift = (offset & 7) * 8;
        _guest[offset & ~7] = (_guest[offset & ~7] & ~(0xFFFFul << shift)) | ((ulong)value << shift);
    }

    /// <summary>Without FSGSBASE the base of a selector is not kept: it is the descriptor's.</summary>
    private ulong BaseOf(int selector, int field) =>
        Selector(selector) == 0 || machine.Features.Contains(KernelFeature.Fsgsbase) ? _guest[field] : DescriptorBase(Selector(selector));

    private ulong DescriptorBase(ushort selector)
    {
        const int localTable = 4;
        if ((selector & localTable) != 0)
            return machine.State.Maps.TryGetValue(task.Map, out MemoryMap? map) ? UserDescriptor.Decode(0, new LocalTables(machine).EntryOf(map, selector >> 3)).Base : 0;
        int entry = (selector >> 3) - machine.Architecture.FirstTls;
        return (uint)entry < Selectors.TlsEntries ? UserDescriptor.Decode(0, _guest[TaskLayout.TlsArray + entry * 8]).Base : 0;
    }
}
