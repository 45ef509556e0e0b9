using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The data segment registers of the program that runs, which the kernel's code leaves as they are.</summary>
internal sealed class UserSegmentRegisters(LinuxMachine machine)
{
    private const int SelectorIndexShift = 3;
    private const ushort LocalTable = 4;
    private const int UserLevel = 3;
    private const int CodeType = 8, WritableOrReadable = 2;

    private ProcessorRegisters Registers => machine.Processor.Registers;

    public UserSegments Read() => machine.Architecture.IsNative32 ? ReadSaved() : new(
        Registers[SegmentName.DS].Selector, Registers[SegmentName.ES].Selector, Registers[SegmentName.FS].Selector, Registers[SegmentName.GS].Selector);

    /// <summary>Loads what has changed. A selector that cannot be loaded becomes null.</summary>
    public void Load(UserSegments wanted)
    {
        UserSegments old = Read();
        if (machine.Architecture.IsNative32)
        {
            Save(wanted);
            return;
        }

        if (wanted.Gs != old.Gs)
            LoadGs(wanted.Gs);
        foreach ((SegmentName name, ushort selector, ushort before) in (ReadOnlySpan<(SegmentName, ushort, ushort)>)
            [(SegmentName.FS, wanted.Fs, old.Fs), (SegmentName.DS, wanted.Ds, old.Ds), (SegmentName.ES, wanted.Es, old.Es)])
        {
            if (selector != before)
                Registers[name] = SegmentOf(selector);
        }
    }

    /// <summary>What a 32-bit handler finds in DS and ES.</summary>
    public void LoadUserData() => Load(Read() with { Ds = machine.Architecture.UserDs, Es = machine.Architecture.UserDs });

    /// <summary>A 32-bit kernel has selectors of its own, and the program's in its <c>pt_regs</c>.</summary>
    private UserSegments ReadSaved()
    {
        Span<byte> bytes = stackalloc byte[16];
        machine.ReadKernel(machine.Tasks.Current.Registers + I386Registers.Ds, bytes);
        ReadOnlySpan<uint> words = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(bytes);
        return new UserSegments((ushort)words[0], (ushort)words[1], (ushort)words[2], (ushort)words[3]);
    }

    private void Save(UserSegments wanted)
    {
        ReadOnlySpan<uint> words = [wanted.Ds, wanted.Es, wanted.Fs, wanted.Gs];
        machine.WriteKernel(machine.Tasks.Current.Registers + I386Registers.Ds, System.Runtime.InteropServices.MemoryMarshal.AsBytes(words));
    }

    /// <summary>Whether a selector is one of a writable data segment of user mode.</summary>
    public bool IsStackSegment(ushort selector) =>
        Find(selector) is { } descriptor && descriptor.Dpl == UserLevel && (descriptor.Type & (CodeType | WritableOrReadable)) == WritableOrReadable;

    /// <summary>While the kernel runs, the base of the program's GS stands in KERNEL_GS_BASE.</summary>
    private void LoadGs(ushort selector)
    {
        Segment loaded = SegmentOf(selector);
        Registers.WriteMsr(Msr.KernelGsBase, loaded.Base);
        Registers[SegmentName.GS] = loaded with { Base = Registers[SegmentName.GS].Base };
    }

    private Segment SegmentOf(ushort selector)
    {
        bool isNull = selector >> SelectorIndexShift == 0 && (selector & LocalTable) == 0;
        return !isNull && Find(selector) is { } descriptor && descriptor.Dpl == UserLevel && IsReadable(descriptor)
            ? descriptor.ToSegment(selector)
            : default(Segment) with { Selector = isNull ? selector : (ushort)0 };
    }

    private static bool IsReadable(Descriptor descriptor) => (descriptor.Type & CodeType) == 0 || (descriptor.Type & WritableOrReadable) != 0;

    /// <summary>DS and ES take what their entries of the LDT have become.</summary>
    public void RefreshLocalData()
    {
        foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.DS, SegmentName.ES])
        {
            if ((Registers[name].Selector & LocalTable) != 0)
                Registers[name] = SegmentOf(Registers[name].Selector);
        }
    }

    /// <summary>A present code or data segment of the GDT or the LDT.</summary>
    private Descriptor? Find(ushort selector)
    {
        int index = selector >> SelectorIndexShift;
        bool isLocal = (selector & LocalTable) != 0;
        if (!isLocal && (index == 0 || index > Registers.Gdtr.Limit >> SelectorIndexShift))
            return null;
        var descriptor = new Descriptor(
            isLocal ? new LocalTables(machine)[index] : machine.Processor.Bus.Ram.ReadUInt64(KernelLayout.GdtPhysical + (ulong)index * 8));
        return descriptor.IsPresent && !descriptor.IsSystem ? descriptor : null;
    }
}
