using System.Runtime.CompilerServices;
using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>
/// The emulated side: one processor in ring 3 with the segments, control registers, page rights and interrupt gates that Linux gives a program,
/// and the worker's memory at the worker's addresses. Its exceptions go through the IDT like any others; the handlers are never executed.
/// </summary>
internal sealed class EmulatedProgram
{
    private const long RamSize = 16 << 20;
    private const ulong Kernel = 0xFFFF_8800_0000_0000;
    private const ulong Gdt = 0x1000;
    private const ulong Idt = 0x2000;
    private const ulong Tss = 0x3000;
    private const ulong Ldt = 0x3800;
    private const ulong Handlers = 0x4000;
    private const int HandlerSize = 16;
    private const ulong StackTop = 0x6000;
    private const ulong PageTables = 0x10000;
    private const ulong CodeFrames = 0x20_0000;
    private const ulong DataFrames = 0x40_0000;
    private const ulong KernelCode = 0x10;
    private const ushort TssSelector = 0x40;
    private const ushort LdtSelector = 0x50;
    private const ulong User = PageEntry.P | PageEntry.US;

    /// <summary>A string instruction that walks all code, byte by byte, ends earlier.</summary>
    private const int MaxInstructions = 2 * WorkerLayout.CodeSize;

    private readonly Processor _cpu;
    private readonly byte[] _data0;
    private readonly byte[] _data1;
    private readonly byte[] _stack;
    private readonly ProcessorState _plain;
    private readonly ProcessorState[] _starts = new ProcessorState[WorkerLayout.ImageCount];
    private ulong _nextTable = PageTables + 0x1000;

    /// <summary>Sets the processor up.</summary>
    public EmulatedProgram(CpuModel model)
    {
        var ram = new PhysicalMemory(RamSize);
        _cpu = new Processor(model, new Bus(ram));
        MapAll(ram);
        BuildTables(ram);
        ProcessorRegisters registers = _cpu.Registers;
        registers.ControlRegister3 = PageTables;
        registers.ExtendedFeatures = Efer.SCE | Efer.LME | Efer.LMA | Efer.NXE;
        registers.ControlRegister4 = Cr4.DE | Cr4.PSE | Cr4.PAE | Cr4.PGE | Cr4.OSFXSR | Cr4.OSXMMEXCPT | Cr4.OSXSAVE | Cr4.FSGSBASE
            | (model.Has(CpuFeature.Umip) ? Cr4.UMIP : 0) | (model.Has(CpuFeature.Smap) ? Cr4.SMAP : 0) | (model.Has(CpuFeature.Smep) ? Cr4.SMEP : 0);
        registers.ControlRegister0 = Cr0.PE | Cr0.MP | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.AM | Cr0.PG;
        registers.ExtendedControlRegister0 = XsaveArea.SupportedComponents(model);
        registers.Gdtr = new TableRegister(Kernel + Gdt, 16 * 8 - 1);
        registers.Idtr = new TableRegister(Kernel + Idt, 256 * 16 - 1);
        registers.LocalDescriptorTable = new Segment(LdtSelector, Kernel + Ldt, 2 * 8 - 1, 0x82);
        registers.TaskRegister = new Segment(TssSelector, Kernel + Tss, TaskStateSegment.Size - 1, 0x8B);
        foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.DS, SegmentName.ES, SegmentName.SS])
            registers[name] = Segment.FlatStack(UserSegments.Data, 3);
        registers[SegmentName.CS] = Code64;
        _data0 = ram.FrameForWrite(DataFrames);
        _data1 = ram.FrameForWrite(DataFrames + 0x1000);
        _stack = ram.FrameForWrite(StackTop - 0x1000);
        _cpu.RefreshDerivedState();
        _plain = _cpu.S;
    }

    /// <summary>Called with the emulated state after each snippet, to plant a defect.</summary>
    public Action<EndState>? Defect { get; set; }

    private static Segment Code64 => Segment.FlatCode(UserSegments.Code64, 3, longMode: true);

    private static Segment Code32 => Segment.FlatCode(UserSegments.Code32, 3, longMode: false);

    private static Segment Code16 =>
        Segment.Flat(UserSegments.Code16, 0xB, 3, longMode: false, big: false) with { Base = WorkerLayout.Code };

    private static Segment NearData =>
        Segment.FlatStack(UserSegments.NearData, 3) with { Base = WorkerLayout.Data };

    /// <summary>Takes the code of a batch over.</summary>
    public void LoadCode(ReadOnlySpan<byte> code) => _cpu.Bus.Ram.Write(CodeFrames, code);

    /// <summary>Takes the data of a batch over.</summary>
    public void LoadData(ReadOnlySpan<byte> data)
    {
        data[..0x1000].CopyTo(_data0);
        data[0x1000..].CopyTo(_data1);
    }

    /// <summary>Takes an XSAVE image of a batch over.</summary>
    public void LoadImage(int index, ReadOnlySpan<byte> image)
    {
        _cpu.S = _plain;
        XsaveArea.Load(_cpu, image);
        _starts[index] = _cpu.S;
    }

    /// <summary>Runs one case.</summary>
    /// <param name="input">The case.</param>
    /// <param name="before">The data area before it.</param>
    /// <param name="end">What is filled in.</param>
    public unsafe void Run(in CaseInput input, ReadOnlySpan<byte> before, EndState end)
    {
        Start(input);
        var trace = new UntilEnd { Exit = input.Offset + (ulong)input.Length };
        RunResult result = _cpu.Run(RunLimits.Instructions(MaxInstructions), ref trace);
        ref ProcessorState state = ref _cpu.S;
        for (int i = 0; i < 16; i++)
            end.Registers[i] = state.Gpr[i];
        end.Kind = result.Reason switch
        {
            StopReason.Trace => _cpu.Cpl == 3 ? EndKind.Completed : EndKind.Fault,
            StopReason.InstructionBudget => EndKind.Endless,
            _ => EndKind.Unsupported,
        };
        end.Rip = state.Rip;
        end.Flags = state.Rflags;
        end.Vector = 0;
        end.ErrorCode = 0;
        end.FaultAddress = 0;
        end.Selectors[4] = state.Segments[(int)SegmentName.CS].Selector;
        end.Selectors[5] = state.Segments[(int)SegmentName.SS].Selector;
        if (end.Kind == EndKind.Fault)
            ReadFrame(end);
        end.Selectors[0] = state.Segments[(int)SegmentName.DS].Selector;
        end.Selectors[1] = state.Segments[(int)SegmentName.ES].Selector;
        end.Selectors[2] = state.Segments[(int)SegmentName.FS].Selector;
        end.Selectors[3] = state.Segments[(int)SegmentName.GS].Selector;
        end.FsBase = state.Segments[(int)SegmentName.FS].Base;
        end.GsBase = state.Segments[(int)SegmentName.GS].Base;
        XsaveArea.Store(_cpu, end.Image);
        end.DataChanged = !before[..0x1000].SequenceEqual(_data0) || !before[0x1000..].SequenceEqual(_data1);
        if (end.DataChanged)
        {
            _data0.CopyTo(end.Data, 0);
            _data1.CopyTo(end.Data, 0x1000);
            LoadData(before);
        }

        Defect?.Invoke(end);
    }

    private unsafe void Start(in CaseInput input)
    {
        ref ProcessorState state = ref _cpu.S;
        state = _starts[input.Image];
        for (int i = 0; i < 16; i++)
            state.Gpr[i] = input.Registers[i];
        state.Rip = input.Offset;
        state.Rflags = input.Flags | Rflags.Fixed;
        state.Segments[(int)SegmentName.CS] = input.CodeSelector switch { UserSegments.Code64 => Code64, UserSegments.Code32 => Code32, _ => Code16 };
        if (input.DataSelector == UserSegments.NearData)
            state.Segments[(int)SegmentName.DS] = state.Segments[(int)SegmentName.ES] = NearData;
        Segment general = input.FsGsSelector == 0 ? Segment.Null(0) : Segment.FlatStack(UserSegments.Data, 3);
        state.Segments[(int)SegmentName.FS] = general with { Base = input.FsBase };
        state.Segments[(int)SegmentName.GS] = general with { Base = input.GsBase };
        _cpu.RefreshMode();
    }

    private void ReadFrame(EndState end)
    {
        end.Vector = (int)((end.Rip - Kernel - Handlers) / HandlerSize);
        int frame = (int)(end.Registers[(int)Gpr.Rsp] - (Kernel + StackTop - 0x1000));
        if (frame % 16 == 0)
        {
            end.ErrorCode = BitConverter.ToUInt32(_stack, frame);
            frame += 8;
        }

        end.Rip = BitConverter.ToUInt64(_stack, frame);
        end.Selectors[4] = BitConverter.ToUInt16(_stack, frame + 8);
        end.Flags = BitConverter.ToUInt64(_stack, frame + 16);
        end.Registers[(int)Gpr.Rsp] = BitConverter.ToUInt64(_stack, frame + 24);
        end.Selectors[5] = BitConverter.ToUInt16(_stack, frame + 32);
        if (end.Vector == (int)Vector.PageFault)
            end.FaultAddress = _cpu.S.Cr2;
    }

    private void MapAll(PhysicalMemory ram)
    {
        Map(ram, Kernel, 0, 0x10, PageEntry.P | PageEntry.RW);
        Map(ram, WorkerLayout.Code, CodeFrames, WorkerLayout.CodeSize >> 12, User);
        Map(ram, WorkerLayout.Data, DataFrames, WorkerLayout.DataSize >> 12, User | PageEntry.RW | PageEntry.NX);
    }

    private void Map(PhysicalMemory ram, ulong linear, ulong physical, int pages, ulong rights)
    {
        for (; pages > 0; pages--, linear += 0x1000, physical += 0x1000)
        {
            ulong table = PageTables;
            for (int shift = 39; shift > 12; shift -= 9)
            {
                ulong entry = table + (((linear >> shift) & 511) << 3);
                if ((ram.ReadUInt64(entry) & PageEntry.P) == 0)
                {
                    ram.WriteUInt64(entry, _nextTable | PageEntry.P | PageEntry.RW | PageEntry.US);
                    _nextTable += 0x1000;
                }

                table = ram.ReadUInt64(entry) & PageEntry.Address;
            }

            ram.WriteUInt64(table + (((linear >> 12) & 511) << 3), physical | rights);
        }
    }

    /// <summary>The GDT of Linux (asm/segment.h, facts only): kernel code 32 and 64, kernel data, user code 32, user data, user code 64, TSS.</summary>
    private static void BuildTables(PhysicalMemory ram)
    {
        ReadOnlySpan<ulong> descriptors =
        [
            0, 0x00CF_9B00_0000_FFFF, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF, 0x00CF_FB00_0000_FFFF, 0x00CF_F300_0000_FFFF, 0x00AF_FB00_0000_FFFF, 0,
            ((Kernel + Tss) & 0xFF_FFFF) << 16 | ((Kernel + Tss) >> 24 & 0xFF) << 56 | 0x8B00_0000_0000ul | (TaskStateSegment.Size - 1), (Kernel + Tss) >> 32,
        ];
        for (int i = 0; i < descriptors.Length; i++)
            ram.WriteUInt64(Gdt + (ulong)i * 8, descriptors[i]);

        ram.WriteUInt64(Ldt, 0x008F_FB00_0000_FFFF | (WorkerLayout.Code & 0xFF_FFFF) << 16 | WorkerLayout.Code >> 24 << 56);
        ram.WriteUInt64(Ldt + 8, 0x00CF_F300_0000_FFFF | (WorkerLayout.Data & 0xFF_FFFF) << 16 | WorkerLayout.Data >> 24 << 56);

        // The limit of the last one is the number of the processor: readable data that expand down.
        ram.WriteUInt64(Gdt + 15 * 8, 0x0040_F500_0000_0000);
        ram.WriteUInt64(Tss + TaskStateSegment.Ist1, Kernel + StackTop);
        ram.Write(Tss + TaskStateSegment.IoMapBase, [TaskStateSegment.Size, 0]);

        // INT3 and INTO are the only gates that programs may use besides INT 80h, which no snippet holds.
        for (ulong vector = 0; vector < 256; vector++)
        {
            ulong handler = Kernel + Handlers + vector * HandlerSize;
            ulong dpl = vector is (ulong)Vector.Breakpoint or (ulong)Vector.Overflow ? 3ul : 0;
            ram.WriteUInt64(Idt + vector * 16, (handler & 0xFFFF) | KernelCode << 16 | 1ul << 32 | 0x8E00_0000_0000ul | dpl << 45 | (handler >> 16 & 0xFFFF) << 48);
            ram.WriteUInt64(Idt + vector * 16 + 8, handler >> 32);
        }
    }

    /// <summary>Stops before the way out, and before the handler of an exception.</summary>
    private struct UntilEnd : IInstructionTrace
    {
        public ulong Exit;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly bool Before(Processor processor, in Instruction instruction) => processor.S.Rip != Exit && processor.Cpl == 3;

        public readonly void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
