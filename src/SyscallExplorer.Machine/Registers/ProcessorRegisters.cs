using System.Runtime.Intrinsics;

namespace SyscallExplorer.Machine;

/// <summary>
/// The registers seen from outside, for boot code, debuggers and reports. Setting one has the effect that loading it has on the
/// processor's caches, but none of the checks: the owner is trusted as firmware is.
/// </summary>
public sealed class ProcessorRegisters
{
    private readonly Processor _cpu;

    internal ProcessorRegisters(Processor cpu) => _cpu = cpu;

    /// <summary>A general register.</summary>
    public ulong this[Gpr register]
    {
        get => _cpu.S.Gpr[(int)register];
        set => _cpu.S.Gpr[(int)register] = value;
    }

    /// <summary>A segment register with its descriptor cache.</summary>
    public Segment this[SegmentName name]
    {
        get => _cpu.S.Segments[(int)name];
        set
        {
            _cpu.S.Segments[(int)name] = value;
            _cpu.RefreshMode();
        }
    }

    /// <summary>Instruction pointer. Setting it wakes a halted processor: it has somewhere to go.</summary>
    public ulong Rip
    {
        get => _cpu.S.Rip;
        set
        {
            _cpu.S.Rip = value;
            _cpu.S.Halted = false;
        }
    }

    /// <summary>Flags.</summary>
    public ulong Flags
    {
        get => _cpu.S.Rflags;
        set
        {
            _cpu.S.Rflags = (value & Rflags.All) | Rflags.Fixed;
            _cpu.RefreshAccessClass();
        }
    }

    /// <summary>CR0.</summary>
    public ulong ControlRegister0
    {
        get => _cpu.S.Cr0;
        set
        {
            _cpu.S.Cr0 = value;
            _cpu.AcceptOwnersControlRegisters();
        }
    }

    /// <summary>CR2: the address of the last page fault.</summary>
    public ulong ControlRegister2
    {
        get => _cpu.S.Cr2;
        set => _cpu.S.Cr2 = value;
    }

    /// <summary>CR3: the root of the page tables. Setting it flushes every translation, global ones too, and costs no cycles.</summary>
    public ulong ControlRegister3
    {
        get => _cpu.S.Cr3;
        set
        {
            _cpu.S.Cr3 = value;
            _cpu.AcceptOwnersControlRegisters();
            _cpu.InvalidateAllTranslations(alsoGlobal: true);
        }
    }

    /// <summary>CR4.</summary>
    public ulong ControlRegister4
    {
        get => _cpu.S.Cr4;
        set
        {
            _cpu.S.Cr4 = value;
            _cpu.AcceptOwnersControlRegisters();
        }
    }

    /// <summary>IA32_EFER.</summary>
    public ulong ExtendedFeatures
    {
        get => _cpu.S.Efer;
        set
        {
            _cpu.S.Efer = value;
            _cpu.AcceptOwnersControlRegisters();
        }
    }

    /// <summary>XCR0: the state components that XSAVE manages.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The CPU model does not take the value. SDM vol. 1, 13.3.</exception>
    public ulong ExtendedControlRegister0
    {
        get => _cpu.S.Xcr0;
        set
        {
            if (!StateComponents.IsLegal(_cpu.Model, value))
                throw new ArgumentOutOfRangeException(nameof(value), $"{_cpu.Model.Name} does not take {value:x}h in XCR0; it knows {StateComponents.Supported(_cpu.Model):x}h, bit 0 must be set, and bit 2 needs bit 1.");
            _cpu.S.Xcr0 = value;
            _cpu.RefreshUnits();
        }
    }

    /// <summary>A vector register, YMM0 to YMM15; XMM is its lower half.</summary>
    public Vector256<byte> GetVector(int index) => _cpu.S.Vectors[index];

    /// <summary>Sets a vector register, all 256 bits.</summary>
    public void SetVector(int index, Vector256<byte> value) => _cpu.S.Vectors[index] = value;

    /// <summary>MXCSR: the flags, masks and rounding of SSE and AVX arithmetic. SDM vol. 1, 10.2.3.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A reserved bit of the CPU model is set.</exception>
    public uint MediaControl
    {
        get => _cpu.S.Mxcsr;
        set => _cpu.S.Mxcsr = (value & ~Mxcsr.Writable(_cpu.Model)) == 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), $"{_cpu.Model.Name} does not take {value:x}h in MXCSR; it knows the bits {Mxcsr.Writable(_cpu.Model):x}h.");
    }

    /// <summary>GDTR.</summary>
    public TableRegister Gdtr
    {
        get => _cpu.S.Gdtr;
        set => _cpu.S.Gdtr = value;
    }

    /// <summary>IDTR.</summary>
    public TableRegister Idtr
    {
        get => _cpu.S.Idtr;
        set => _cpu.S.Idtr = value;
    }

    /// <summary>Task register with its descriptor cache.</summary>
    public Segment TaskRegister
    {
        get => _cpu.S.Tr;
        set => _cpu.S.Tr = value;
    }

    /// <summary>LDTR with its descriptor cache.</summary>
    public Segment LocalDescriptorTable
    {
        get => _cpu.S.Ldtr;
        set => _cpu.S.Ldtr = value;
    }

    /// <summary>IA32_KERNEL_GS_BASE, the base that SWAPGS brings in.</summary>
    public ulong KernelGsBase => _cpu.S.KernelGsBase;

    /// <summary>Whether a triple fault shut the processor down.</summary>
    public bool IsShutDown => _cpu.S.Shutdown;

    /// <summary>DR0 to DR7.</summary>
    public ulong Debug(int index) => _cpu.S.Dr[index];

    /// <summary>Sets DR0 to DR3, DR6 or DR7; bits that are fixed keep their values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such register.</exception>
    public void SetDebug(int index, ulong value)
    {
        if (index is < 0 or 4 or 5 or > 7)
            throw new ArgumentOutOfRangeException(nameof(index), index, "The debug registers are DR0 to DR3, DR6 and DR7.");
        _cpu.WriteDebugRegister(index, value);
    }

    /// <summary>Reads a model-specific register without cost.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The CPU model has no such register.</exception>
    public ulong ReadMsr(uint address) =>
        _cpu.TryReadMsr(address, out ulong value)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(address), $"{_cpu.Model.Name} has no MSR {address:x}h.");

    /// <summary>Writes a model-specific register without cost, with the checks of WRMSR.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The CPU model has no such register, or does not take the value.</exception>
    public void WriteMsr(uint address, ulong value)
    {
        if (!_cpu.TryWriteMsr(address, value))
            throw new ArgumentOutOfRangeException(nameof(value), $"{_cpu.Model.Name} does not take {value:x}h in MSR {address:x}h.");
    }
}
