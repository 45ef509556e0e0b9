using System.Buffers.Binary;
using Iced.Intel;
using Xunit.Sdk;

namespace SyscallExplorer.Machine.Tests;

/// <summary>An event that reached its handler through a gate of legacy mode, as the handler's stack shows it.</summary>
/// <param name="Vector">Which.</param>
/// <param name="ErrorCode">Its error code, if the vector has one.</param>
/// <param name="Eip">The saved EIP.</param>
/// <param name="Cs">The saved CS.</param>
/// <param name="Flags">The saved EFLAGS.</param>
/// <param name="Outer">The saved ESP and SS, when the level changed.</param>
public sealed record LegacyEvent(Vector Vector, uint? ErrorCode, uint Eip, ushort Cs, uint Flags, (uint Esp, ushort Ss)? Outer);

/// <summary>
/// A processor in legacy protected mode with 16 MiB of RAM, page tables or none, a GDT, 32-bit task states and an IDT of 32-bit interrupt
/// gates whose handlers halt. Kernel code ends at a HLT that the bench appends, user code at an INT FFh. See <see cref="LegacyLayout"/>.
/// </summary>
public sealed class LegacyBench
{
    private const byte ExitVector = 255;
    private const int HandlerSize = 16;
    private const byte Hlt = 0xF4;
    private const uint TableFlags = 7;
    private uint _nextTable = LegacyLayout.PageTables + 0x1000;

    public LegacyBench(LegacyPaging paging = LegacyPaging.TwoLevel, CpuModel? model = null)
    {
        Paging = paging;
        Ram = new PhysicalMemory(LegacyLayout.RamSize);
        Cpu = new Processor(model ?? Cpus.Skylake, new Bus(Ram));
        BuildPageTables();
        BuildSegments();
        for (int vector = 0; vector < 256; vector++)
        {
            SetGate((byte)vector, dpl: vector == ExitVector ? 3 : 0);
            Ram.Write(LegacyLayout.Handlers + (ulong)(vector * HandlerSize), [Hlt]);
        }

        ProcessorRegisters registers = Cpu.Registers;
        registers.Idtr = new TableRegister(LegacyLayout.Idt, 256 * 8 - 1);
        registers.ExtendedFeatures = paging == LegacyPaging.Pae ? Efer.NXE : 0;
        registers.ControlRegister4 = paging switch { LegacyPaging.Pae => Cr4.PAE, LegacyPaging.TwoLevel => Cr4.PSE, _ => 0 };
        registers.ControlRegister0 = Cr0.PE | Cr0.MP | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.AM | (paging == LegacyPaging.None ? 0 : Cr0.PG);
        registers.ControlRegister3 = LegacyLayout.PageTables;
        Enter(user: false);
    }

    public LegacyPaging Paging { get; }

    public Processor Cpu { get; }

    public PhysicalMemory Ram { get; }

    public ulong this[Gpr register]
    {
        get => Cpu.Registers[register];
        set => Cpu.Registers[register] = value;
    }

    public ulong Flags
    {
        get => Cpu.Registers.Flags;
        set => Cpu.Registers.Flags = value;
    }

    /// <summary>Runs code in ring 0 or 3 that must come to its end without an event.</summary>
    public RunResult Complete(Action<Assembler> code, bool user = false)
    {
        Place(code, user);
        return Complete();
    }

    /// <summary>Goes on to the end of the code, which must come without an event.</summary>
    public RunResult Complete()
    {
        RunResult result = Go();
        if (result.Reason != StopReason.Halted || TakenVector is { } taken && taken != (Vector)ExitVector)
            throw new XunitException($"The code should have come to its end. {result.Message} {TakenVector}");
        return result;
    }

    /// <summary>Runs code in ring 0 or 3 that must end the run for a reason.</summary>
    public RunResult Complete(StopReason reason, Action<Assembler> code, bool user = false)
    {
        Place(code, user);
        RunResult result = Go();
        return result.Reason == reason ? result : throw new XunitException($"The run should have ended with {reason}. {result.Message} {TakenVector}");
    }

    /// <summary>Runs code in ring 0 or 3 that must raise an event with a handler of the bench.</summary>
    public LegacyEvent Fault(Action<Assembler> code, bool user = false)
    {
        Place(code, user);
        return Fault();
    }

    /// <summary>Goes on to an event.</summary>
    public LegacyEvent Fault()
    {
        RunResult result = Go();
        return Event ?? throw new XunitException($"The code should have raised an event. {result.Message}");
    }

    /// <summary>Executes one instruction.</summary>
    public RunResult Step() => Cpu.Run(RunLimits.Instructions(1));

    public RunResult Go() => Cpu.Run(RunLimits.Instructions(100_000));

    /// <summary>Loads code, enters its level and stops before its first instruction.</summary>
    /// <returns>The address of the first byte behind the code.</returns>
    public uint Place(Action<Assembler> code, bool user = false) => Place(user, MachineBench.Assemble(32, user ? LegacyLayout.UserCode : LegacyLayout.KernelCode, code));

    /// <inheritdoc cref="Place(Action{Assembler}, bool)"/>
    public uint Place(bool user, params byte[] code)
    {
        uint address = user ? LegacyLayout.UserCode : LegacyLayout.KernelCode;
        Ram.Write(address, [.. code, .. user ? [0xCD, ExitVector] : (byte[])[Hlt]]);
        Enter(user);
        Cpu.Registers.Rip = address;
        this[Gpr.Rsp] = user ? LegacyLayout.UserStackTop : LegacyLayout.KernelStackTop;
        return address + (uint)code.Length;
    }

    /// <summary>Loads the flat segments of ring 0 or 3.</summary>
    public void Enter(bool user)
    {
        Cpu.Registers[SegmentName.CS] = SegmentOf(user ? LegacySelectors.UserCode : LegacySelectors.KernelCode);
        foreach (SegmentName name in (SegmentName[])[SegmentName.SS, SegmentName.DS, SegmentName.ES])
            Cpu.Registers[name] = SegmentOf(user ? LegacySelectors.UserData : LegacySelectors.KernelData);
    }

    /// <summary>The vector whose handler the processor halted in.</summary>
    public Vector? TakenVector
    {
        get
        {
            ulong handler = Cpu.Registers.Rip - LegacyLayout.Handlers;
            return handler < 256 * HandlerSize ? (Vector)(handler / HandlerSize) : null;
        }
    }

    /// <summary>The event whose handler the processor halted in, read from a frame of 32-bit words.</summary>
    public LegacyEvent? Event
    {
        get
        {
            if (TakenVector is not { } vector)
                return null;
            uint frame = (uint)this[Gpr.Rsp];
            uint? error = null;
            if (new PendingException(vector, 0, 0, EventSource.Fault).HasErrorCode)
            {
                error = Read32(frame);
                frame += 4;
            }

            var cs = (ushort)Read32(frame + 4);
            bool outer = (cs & 3) > Cpu.CurrentPrivilegeLevel;
            return new LegacyEvent(vector, error, Read32(frame), cs, Read32(frame + 8), outer ? (Read32(frame + 12), (ushort)Read32(frame + 16)) : null);
        }
    }

    /// <summary>Points a vector at code; without an address at the bench's own handler.</summary>
    public void SetGate(byte vector, uint? address = null, int dpl = 0, int type = 14, bool present = true, ushort selector = LegacySelectors.KernelCode) =>
        Ram.WriteUInt64(LegacyLayout.Idt + vector * 8u, Gate(address ?? LegacyLayout.Handlers + (uint)vector * HandlerSize, selector, type, dpl, present));

    /// <summary>A gate of 8 bytes.</summary>
    public static ulong Gate(uint address, ushort selector, int type, int dpl = 0, bool present = true, int parameters = 0) =>
        (address & 0xFFFF) | (ulong)selector << 16 | (ulong)(uint)parameters << 32 | (ulong)(uint)type << 40 | (ulong)(uint)dpl << 45 | (present ? 1ul << 47 : 0)
        | (ulong)(address & 0xFFFF_0000) << 32;

    /// <summary>Writes a descriptor into the GDT.</summary>
    public void Define(ushort selector, ulong raw) => Ram.WriteUInt64(LegacyLayout.Gdt + (ulong)(selector & ~7), raw);

    public ulong DescriptorAt(ushort selector) => Ram.ReadUInt64(LegacyLayout.Gdt + (ulong)(selector & ~7));

    public Segment SegmentOf(ushort selector) => new Descriptor(DescriptorAt(selector)).ToSegment(selector);

    public uint Read32(uint address) => (uint)Ram.ReadUInt64(address);

    public ushort Read16(uint address) => (ushort)Ram.ReadUInt64(address);

    public void Write32(uint address, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        Ram.Write(address, bytes);
    }

    /// <summary>The address of the entry that maps a 4 KiB page, or a large page, at an address.</summary>
    public uint EntryOf(uint linear, bool large = false)
    {
        if (Paging == LegacyPaging.TwoLevel)
        {
            uint entry = LegacyLayout.PageTables + (linear >> 22) * 4;
            if (large)
                return entry;
            if ((Read32(entry) & 1) == 0)
                Write32(entry, AllocateTable() | TableFlags);
            return (Read32(entry) & ~0xFFFu) + (linear >> 12 & 1023) * 4;
        }

        uint pointer = LegacyLayout.PageTables + (linear >> 30) * 8;
        if ((Read32(pointer) & 1) == 0)
            Ram.WriteUInt64(pointer, AllocateTable() | 1);
        uint directory = (Read32(pointer) & ~0xFFFu) + (linear >> 21 & 511) * 8;
        if (large)
            return directory;
        if ((Read32(directory) & 1) == 0)
            Ram.WriteUInt64(directory, AllocateTable() | TableFlags);
        return (Read32(directory) & ~0xFFFu) + (linear >> 12 & 511) * 8;
    }

    /// <summary>Writes the entry of a page and drops what was cached.</summary>
    public void Map(uint linear, ulong entry, bool large = false)
    {
        uint address = EntryOf(linear, large);
        if (Paging == LegacyPaging.TwoLevel)
            Write32(address, (uint)entry);
        else
            Ram.WriteUInt64(address, entry);
        Cpu.Registers.ControlRegister3 = Cpu.Registers.ControlRegister3;
    }

    /// <summary>Fills a TSS so that its task starts at an address in ring 0 with flat segments.</summary>
    public void BuildTask(uint tss, uint eip, uint stackTop)
    {
        foreach ((int offset, uint value) in (ReadOnlySpan<(int, uint)>)
        [
            (LegacyTaskState.Tss32.PageTable, LegacyLayout.PageTables), (LegacyTaskState.Tss32.InstructionPointer, eip), (LegacyTaskState.Tss32.Flags, 2),
            (LegacyTaskState.Tss32.Registers + (int)Gpr.Rsp * 4, stackTop),
            (LegacyTaskState.Tss32.Segments, LegacySelectors.KernelData), (LegacyTaskState.Tss32.Segments + 4, LegacySelectors.KernelCode),
            (LegacyTaskState.Tss32.Segments + 8, LegacySelectors.KernelData), (LegacyTaskState.Tss32.Segments + 12, LegacySelectors.KernelData),
        ])
        {
            Write32(tss + (uint)offset, value);
        }
    }

    private uint AllocateTable()
    {
        uint table = _nextTable;
        _nextTable += 0x1000;
        return table < LegacyLayout.Gdt ? table : throw new InvalidOperationException("The bench has no room for another page table.");
    }

    private void BuildPageTables()
    {
        if (Paging == LegacyPaging.None)
            return;
        const ulong supervisor = 3;
        const ulong user = 7;
        const ulong large = 1 << 7;
        uint largeSize = Paging == LegacyPaging.Pae ? 2u << 20 : 4u << 20;
        for (uint address = 0; address < LegacyLayout.LargePages; address += PhysicalMemory.FrameSize)
            Map(address, address | (address < LegacyLayout.UserCode ? supervisor : user));
        for (uint address = LegacyLayout.LargePages; address < LegacyLayout.RamSize; address += largeSize)
            Map(address, address | user | large, large: true);
    }

    private void BuildSegments()
    {
        Define(LegacySelectors.KernelCode, 0x00CF_9B00_0000_FFFF);
        Define(LegacySelectors.KernelData, 0x00CF_9300_0000_FFFF);
        Define(LegacySelectors.UserCode, 0x00CF_FB00_0000_FFFF);
        Define(LegacySelectors.UserData, 0x00CF_F300_0000_FFFF);
        Define(LegacySelectors.Tss, TaskDescriptor(LegacyLayout.Tss, busy: true));
        Define(LegacySelectors.DoubleFaultTss, TaskDescriptor(LegacyLayout.DoubleFaultTss, busy: false));
        Define(LegacySelectors.OtherTss, TaskDescriptor(LegacyLayout.OtherTss, busy: false));
        Define(LegacySelectors.Ldt, BenchDescriptors.Make(Descriptor.LocalDescriptorTable, start: LegacyLayout.Ldt, limit: 0xFF, pages: false, big: false, system: true));
        Cpu.Registers.Gdtr = new TableRegister(LegacyLayout.Gdt, 0x7FF);
        Cpu.Registers.TaskRegister = SegmentOf(LegacySelectors.Tss);
        Write32(LegacyLayout.Tss + (uint)LegacyTaskState.Tss32.Stack0, LegacyLayout.Esp0);
        Write32(LegacyLayout.Tss + (uint)LegacyTaskState.Tss32.Stack0 + 4, LegacySelectors.KernelData);
        Write32(LegacyLayout.Tss + (uint)LegacyTaskState.Tss32.PageTable, LegacyLayout.PageTables);
        BuildTask(LegacyLayout.DoubleFaultTss, LegacyLayout.Handlers + (uint)Vector.DoubleFault * HandlerSize, LegacyLayout.DoubleFaultStackTop);
        BuildTask(LegacyLayout.OtherTss, LegacyLayout.KernelCode, LegacyLayout.OtherStackTop);
    }

    /// <summary>The descriptor of a 32-bit TSS of the least size.</summary>
    public static ulong TaskDescriptor(uint address, bool busy, uint limit = 103) =>
        BenchDescriptors.Make(busy ? Descriptor.BusyTss : Descriptor.AvailableTss, start: address, limit: limit, pages: false, big: false, system: true);
}
