using System.Buffers.Binary;
using Iced.Intel;
using Xunit.Sdk;

namespace SyscallExplorer.Machine.Tests;

/// <summary>
/// A processor in long mode with 64 MiB of RAM, page tables, a GDT, a TSS and an IDT, on which a test runs pieces of code. Kernel code ends
/// at a HLT that the bench appends, user code at an INT FFh; every other vector has a handler that halts, so that an exception is seen with
/// its frame. See <see cref="BenchLayout"/> for the addresses.
/// </summary>
public sealed class MachineBench
{
    private const byte ExitVector = 255;
    private const int HandlerSize = 16;
    private const byte Hlt = 0xF4;
    private const int ExceptionVectors = 32;
    private BenchMode _mode;
    private ulong _start;

    public MachineBench(CpuModel? model = null, params IReadOnlyList<IDevice> devices)
    {
        Ram = new PhysicalMemory(BenchLayout.RamSize);
        Cpu = new Processor(model ?? Cpus.Skylake, new Bus(Ram, devices));
        Pages = new PageTables(Ram, BenchLayout.PageTables);
        BuildPageTables();
        BuildSegments();
        BuildInterruptTable();
        Cpu.Registers.ExtendedFeatures = Efer.SCE | Efer.LME | Efer.LMA | Efer.NXE;
        Cpu.Registers.ControlRegister4 = Cr4.PAE;
        Cpu.Registers.ControlRegister0 = Cr0.PE | Cr0.MP | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.AM | Cr0.PG;
        Cpu.Registers.ControlRegister3 = Pages.Root;
        Enter(BenchMode.Kernel64);
    }

    public Processor Cpu { get; }

    public PhysicalMemory Ram { get; }

    /// <summary>The page tables. After an edit of an address already used, call <see cref="FlushTranslations"/>.</summary>
    public PageTables Pages { get; }

    /// <summary>How many instructions a run may take.</summary>
    public long InstructionBudget { get; set; } = 1_000_000;

    /// <summary>A general register.</summary>
    public ulong this[Gpr register]
    {
        get => Cpu.Registers[register];
        set => Cpu.Registers[register] = value;
    }

    /// <summary>RFLAGS that the next code starts with.</summary>
    public ulong Flags
    {
        get => Cpu.Registers.Flags;
        set => Cpu.Registers.Flags = value;
    }

    /// <summary>Runs 64-bit code in ring 0 to its end.</summary>
    public BenchRun Run64(Action<Assembler> code) => Complete(BenchMode.Kernel64, code);

    /// <summary>Runs 32-bit code in ring 0 to its end.</summary>
    public BenchRun Run32(Action<Assembler> code) => Complete(BenchMode.Kernel32, code);

    /// <summary>Runs 16-bit code in ring 0 to its end.</summary>
    public BenchRun Run16(Action<Assembler> code) => Complete(BenchMode.Kernel16, code);

    /// <summary>Runs 64-bit code in ring 3 to its end.</summary>
    public BenchRun RunUser64(Action<Assembler> code) => Complete(BenchMode.User64, code);

    /// <summary>Runs 32-bit code in ring 3 to its end.</summary>
    public BenchRun RunUser32(Action<Assembler> code) => Complete(BenchMode.User32, code);

    /// <summary>Runs code that must come to its end without an exception.</summary>
    public BenchRun Complete(BenchMode mode, Action<Assembler> code) => RequireEnd(Try(mode, code));

    /// <summary>Runs bytes that must come to their end without an exception.</summary>
    public BenchRun Complete(BenchMode mode, params byte[] code) => RequireEnd(Try(mode, code));

    /// <summary>Runs code that must raise an exception.</summary>
    public TakenException Fault(BenchMode mode, Action<Assembler> code) => RequireException(Try(mode, code));

    /// <summary>Runs bytes that must raise an exception.</summary>
    public TakenException Fault(BenchMode mode, params byte[] code) => RequireException(Try(mode, code));

    /// <summary>Runs code to its end or to its first exception, whichever comes.</summary>
    public BenchRun Try(BenchMode mode, Action<Assembler> code) => Try(mode, Assemble(mode, code));

    /// <summary>Runs bytes to their end or to their first exception, whichever comes.</summary>
    public BenchRun Try(BenchMode mode, params byte[] code)
    {
        Place(mode, code);
        return Go();
    }

    /// <summary>Loads code, enters its mode and stops before its first instruction. Rest of the general registers and the flags stay.</summary>
    /// <returns>The linear address of the first byte behind the code.</returns>
    public ulong Place(BenchMode mode, params byte[] code)
    {
        ulong address = CodeAddress(mode);
        byte[] ending = IsUser(mode) ? [0xCD, ExitVector] : [Hlt];
        WriteBytes(address, [.. code, .. ending]);
        _mode = mode;
        _start = mode == BenchMode.Kernel16 ? 0 : address;
        Rewind();
        return address + (ulong)code.Length;
    }

    /// <summary>Stands before the first instruction of the code placed last again. General registers but RSP, and the flags, stay.</summary>
    public void Rewind()
    {
        Enter(_mode);
        Cpu.Registers.Rip = _start;
        this[Gpr.Rsp] = StackTop(_mode);
    }

    /// <inheritdoc cref="Place(BenchMode, byte[])"/>
    public ulong Place(BenchMode mode, Action<Assembler> code) => Place(mode, Assemble(mode, code));

    /// <summary>Goes on from where the processor stands.</summary>
    public BenchRun Go() => Describe(Cpu.Run(RunLimits.Instructions(InstructionBudget)));

    /// <summary>Executes one instruction, or one element of a repeated one.</summary>
    public RunResult Step() => Cpu.Run(RunLimits.Instructions(1));

    /// <summary>What a finished run means in terms of the code: its own stack pointer and flags, and its exception.</summary>
    public BenchRun Describe(RunResult result)
    {
        ulong handler = Cpu.Registers.Rip - BenchLayout.Handlers;
        if (result.Reason != StopReason.Halted || handler >= 256 * HandlerSize)
            return new BenchRun(result, null, this[Gpr.Rsp], Flags);
        TakenException taken = ReadFrame((byte)(handler / HandlerSize));
        return new BenchRun(result, (byte)taken.Vector == ExitVector ? null : taken, taken.Rsp, taken.Flags);
    }

    /// <summary>Assembles code for the place where a mode's code stands.</summary>
    public static byte[] Assemble(BenchMode mode, Action<Assembler> code) =>
        Assemble(BitnessOf(mode), mode == BenchMode.Kernel16 ? 0 : CodeAddress(mode), code);

    /// <summary>Assembles code for an address.</summary>
    public static byte[] Assemble(int bitness, ulong address, Action<Assembler> code)
    {
        var assembler = new Assembler(bitness);
        code(assembler);
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), address);
        return stream.ToArray();
    }

    /// <summary>Loads the segment registers that a mode's code has.</summary>
    public void Enter(BenchMode mode)
    {
        (ushort code, ushort stack) = mode switch
        {
            BenchMode.Kernel64 => (BenchSelectors.KernelCode64, BenchSelectors.KernelData),
            BenchMode.Kernel32 => (BenchSelectors.KernelCode32, BenchSelectors.KernelData),
            BenchMode.Kernel16 => (BenchSelectors.KernelCode16, BenchSelectors.KernelStack16),
            BenchMode.User64 => (BenchSelectors.UserCode64, BenchSelectors.UserData),
            _ => (BenchSelectors.UserCode32, BenchSelectors.UserData),
        };
        ushort data = IsUser(mode) ? BenchSelectors.UserData : BenchSelectors.KernelData;
        Cpu.Registers[SegmentName.CS] = SegmentOf(code);
        Cpu.Registers[SegmentName.SS] = SegmentOf(stack);
        Cpu.Registers[SegmentName.DS] = SegmentOf(data);
        Cpu.Registers[SegmentName.ES] = SegmentOf(data);
    }

    /// <summary>What loading a selector of the GDT gives.</summary>
    public Segment SegmentOf(ushort selector) => new Descriptor(Ram.ReadUInt64(BenchLayout.Gdt + (ulong)(selector & ~7))).ToSegment(selector);

    /// <summary>Writes a descriptor of 8 bytes into the GDT.</summary>
    public void SetDescriptor(ushort selector, ulong raw) => Ram.WriteUInt64(BenchLayout.Gdt + (ulong)(selector & ~7), raw);

    /// <summary>Points a vector at code; without an address at the bench's own handler.</summary>
    public void SetGate(byte vector, ulong? address = null, int ist = 0, int dpl = 0, bool trap = false, ushort selector = BenchSelectors.KernelCode64)
    {
        ulong target = address ?? BenchLayout.Handlers + (ulong)vector * HandlerSize;
        ulong access = 0x80u | (uint)dpl << 5 | (trap ? 15u : 14u);
        ulong low = (target & 0xFFFF) | (ulong)selector << 16 | (ulong)ist << 32 | access << 40 | (target & 0xFFFF_0000) << 32;
        Ram.WriteUInt64(BenchLayout.Idt + vector * 16u, low);
        Ram.WriteUInt64(BenchLayout.Idt + vector * 16u + 8, target >> 32);
    }

    /// <summary>Takes a 4 KiB page away.</summary>
    public void Unmap(ulong linear) => Protect(linear, 0);

    /// <summary>Maps a 4 KiB page to itself with other flags; 0 takes it away.</summary>
    public void Protect(ulong linear, ulong flags)
    {
        ulong page = linear & ~0xFFFul;
        Pages.Map(page, flags == 0 ? 0 : page, flags);
        FlushTranslations();
    }

    /// <summary>Drops every translation, without cost.</summary>
    public void FlushTranslations() => Cpu.Registers.ControlRegister3 = Cpu.Registers.ControlRegister3;

    public byte[] ReadBytes(ulong address, int count)
    {
        byte[] bytes = new byte[count];
        Ram.Read(address, bytes);
        return bytes;
    }

    public void WriteBytes(ulong address, params ReadOnlySpan<byte> bytes) => Ram.Write(address, bytes);

    public byte Read8(ulong address) => ReadBytes(address, 1)[0];

    public ushort Read16(ulong address) => BinaryPrimitives.ReadUInt16LittleEndian(ReadBytes(address, 2));

    public uint Read32(ulong address) => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(address, 4));

    public ulong Read64(ulong address) => Ram.ReadUInt64(address);

    public void Write64(ulong address, ulong value) => Ram.WriteUInt64(address, value);

    public static ulong CodeAddress(BenchMode mode) =>
        mode == BenchMode.Kernel16 ? BenchLayout.Code16Base : IsUser(mode) ? BenchLayout.UserCode : BenchLayout.KernelCode;

    /// <summary>Where data for a mode's code may lie.</summary>
    public static ulong DataAddress(BenchMode mode) => IsUser(mode) ? BenchLayout.UserData : BenchLayout.KernelData;

    /// <summary>The stack pointer that code of a mode starts with.</summary>
    public static ulong StackTop(BenchMode mode) =>
        mode == BenchMode.Kernel16 ? 0x8000 : IsUser(mode) ? BenchLayout.UserStackTop : BenchLayout.KernelStackTop;

    public static int BitnessOf(BenchMode mode) => mode switch
    {
        BenchMode.Kernel64 or BenchMode.User64 => 64,
        BenchMode.Kernel16 => 16,
        _ => 32,
    };

    private static bool IsUser(BenchMode mode) => mode is BenchMode.User64 or BenchMode.User32;

    private static BenchRun RequireEnd(BenchRun run)
    {
        if (run.Result.Reason != StopReason.Halted || run.Exception is not null)
            throw new XunitException($"The code should have come to its end. {run.Result.Message} {run.Exception}");
        return run;
    }

    private static TakenException RequireException(BenchRun run) =>
        run.Exception ?? throw new XunitException($"The code should have raised an exception. {run.Result.Message}");

    private TakenException ReadFrame(byte vector)
    {
        // The frame begins at an address that is a multiple of 16: five words of it, or six with an error code.
        ulong frame = this[Gpr.Rsp];
        uint? error = frame % 16 == 0 ? (uint)Read64(frame) : null;
        ulong rip = error is null ? frame : frame + 8;
        return new TakenException((Vector)vector, error, Read64(rip), (ushort)Read64(rip + 8), Read64(rip + 16), Read64(rip + 24), (ushort)Read64(rip + 32));
    }

    private void BuildPageTables()
    {
        const ulong twoMegabytes = 2 << 20;
        const ulong supervisor = PageTables.Present | PageTables.Writable;
        const ulong user = supervisor | PageTables.User;
        for (ulong address = 0; address < BenchLayout.LargePages; address += PhysicalMemory.FrameSize)
            Pages.Map(address, address, address < BenchLayout.UserCode ? supervisor : user);
        for (ulong address = BenchLayout.LargePages; address < (ulong)BenchLayout.RamSize; address += twoMegabytes)
            Pages.MapLarge(address, address, user);
        for (ulong address = 0; address < (ulong)BenchLayout.RamSize; address += twoMegabytes)
            Pages.MapLarge(BenchLayout.DirectMap + address, address, supervisor);
    }

    private void BuildSegments()
    {
        SetDescriptor(BenchSelectors.KernelCode32, 0x00CF_9B00_0000_FFFF);
        SetDescriptor(BenchSelectors.KernelCode64, 0x00AF_9B00_0000_FFFF);
        SetDescriptor(BenchSelectors.KernelData, 0x00CF_9300_0000_FFFF);
        SetDescriptor(BenchSelectors.UserCode32, 0x00CF_FB00_0000_FFFF);
        SetDescriptor(BenchSelectors.UserData, 0x00CF_F300_0000_FFFF);
        SetDescriptor(BenchSelectors.UserCode64, 0x00AF_FB00_0000_FFFF);
        SetDescriptor(BenchSelectors.Tss, (BenchLayout.Tss << 16) | 0x8B00_0000_0000ul | (TaskStateSegment.Size - 1));
        SetDescriptor(BenchSelectors.KernelCode16, 0x0000_9B00_0000_FFFF | (BenchLayout.Code16Base << 16));
        SetDescriptor(BenchSelectors.KernelStack16, 0x0000_9300_0000_FFFF | (BenchLayout.Stack16Base << 16));
        Cpu.Registers.Gdtr = new TableRegister(BenchLayout.Gdt, BenchSelectors.KernelStack16 + 7);
        Cpu.Registers.TaskRegister = SegmentOf(BenchSelectors.Tss);

        Ram.WriteUInt64(BenchLayout.Tss + TaskStateSegment.Rsp0, BenchLayout.Rsp0);
        for (ulong ist = 0; ist < 7; ist++)
            Ram.WriteUInt64(BenchLayout.Tss + TaskStateSegment.Ist1 + ist * 8, BenchLayout.Ist1 + ist * BenchLayout.IstStackSize);
        Ram.Write(BenchLayout.Tss + TaskStateSegment.IoMapBase, [TaskStateSegment.Size, 0]);
    }

    /// <summary>Exceptions have IST1, so that one is seen whatever has become of the stack.</summary>
    private void BuildInterruptTable()
    {
        for (int vector = 0; vector < 256; vector++)
        {
            SetGate((byte)vector, ist: vector < ExceptionVectors ? 1 : 0, dpl: vector == ExitVector ? 3 : 0);
            Ram.Write(BenchLayout.Handlers + (ulong)(vector * HandlerSize), [Hlt]);
        }

        Cpu.Registers.Idtr = new TableRegister(BenchLayout.Idt, 256 * 16 - 1);
    }
}
