using System.Buffers.Binary;

namespace SyscallExplorer.Machine.Tests;

/// <summary>
/// Machines whose code, registers, tables and pages come from a seed. Half of them begin in a sound mode, so that their code gets somewhere; in the
/// others anything may be anything.
/// </summary>
internal sealed class RandomMachine
{
    public const int CodeLength = 0x200;
    private const int RamSize = 2 << 20;
    private const byte Hlt = 0xF4;
    private const ulong Code = 0x1000;
    private const ulong Gdt = 0x8000;
    private const ulong LongIdt = 0x9000;
    private const ulong LegacyIdt = 0xA000;
    private const ulong LongTss = 0xB000;
    private const ulong LegacyTss = 0xB800;
    private const ulong Handlers = 0xC000;
    private const ulong Stacks = 0x1_0000;
    private const ulong Data = 0x2_0000;
    private const ulong Level5 = 0x4_0000;
    private const ulong Level4 = 0x4_1000;
    private const ulong Level3 = 0x4_2000;
    private const ulong Level2 = 0x4_3000;
    private const ulong PaePointers = 0x4_4000;
    private const ulong LegacyDirectory = 0x4_5000;
    private const ushort Code64 = 0x08;
    private const ushort Code32 = 0x10;
    private const ushort Code16 = 0x18;
    private const ushort Flat = 0x20;
    private const ushort UserCode32 = 0x2B;
    private const ushort UserFlat = 0x33;
    private const ushort UserCode64 = 0x3B;
    private const ushort LongTssSelector = 0x40;
    private const ushort LegacyTssSelector = 0x50;
    private const ushort OtherTssSelector = 0x58;

    private static readonly ulong[] s_places =
    [
        Code, Code + 0xFFC, Gdt, LongIdt, LongTss, LegacyTss, Handlers, Stacks + 0x8000, Data, Data + 0xFFF, Data + 8, Level4, Level2, PaePointers, LegacyDirectory,
        RamSize - 4, RamSize, 0, 1, 2, 0x7FFF_FFFF_FFFC, 1ul << 47, 0xFFFF_8000_0000_0000, uint.MaxValue, 0xFFFF_F000, ulong.MaxValue, 0x80, 0x1F80, 7,
        Msr.Efer, Msr.Star, Msr.Lstar, Msr.SysenterCs, Msr.FsBase, Msr.DebugCtl, Msr.SpecCtrl, Msr.Xss, Code64, UserFlat, LongTssSelector, OtherTssSelector,
    ];

    private readonly PhysicalMemory _template = new(RamSize);

    public RandomMachine()
    {
        BuildTables();
        BuildDescriptors();
        for (int vector = 0; vector < 256; vector++)
            _template.Write(Handlers + (ulong)vector * 16, [0x48, 0xFF, 0x04, 0x24, 0x48, 0xCF]);
    }

    private enum Start
    {
        Long,
        User64,
        Compatibility,
        Legacy,
        Pae,
        Unpaged,
        Anything,
    }

    /// <summary>The machine of a seed.</summary>
    public Processor Create(int seed)
    {
        var random = new Random(seed);
        var start = (Start)random.Next(7);
        PhysicalMemory ram = _template.Fork();
        var cpu = new Processor(Cpus.All[random.Next(Cpus.All.Count)], new Bus(ram));
        FillMemory(random, ram);
        SetMode(random, cpu, start);
        SetRegisters(random, cpu);
        if (random.Next(2) == 0 || start == Start.Anything)
            Corrupt(random, cpu, ram);
        for (int i = random.Next(4); i > 0; i--)
            cpu.Interrupts.Schedule((byte)random.Next(32, 256), random.Next(1 << 14));
        if (random.Next(4) == 0)
            RandomApic.Program(random, cpu);
        return cpu;
    }

    private static ulong Pick(Random random) => random.Next(3) == 0 ? (ulong)random.NextInt64(long.MinValue, long.MaxValue) : s_places[random.Next(s_places.Length)];

    private static void FillMemory(Random random, PhysicalMemory ram)
    {
        Span<byte> code = stackalloc byte[CodeLength];
        if (random.Next(4) == 0)
        {
            random.NextBytes(code);
        }
        else
        {
            int at = 0;
            while (at < CodeLength - 20)
            {
                if (random.Next(40) == 0)
                    code[at++] = Hlt;
                at += OpcodeSamples.Write(random, code[at..]);
            }

            BinaryPrimitives.WriteInt32LittleEndian(code[(at + 1)..], -at - 5);
            code[at] = 0xE9;
        }

        ram.Write(Code, code);
        Span<byte> block = stackalloc byte[256];
        foreach (ulong place in (ReadOnlySpan<ulong>)[Data, Data + 0xF80, Stacks + 0x7F80])
        {
            random.NextBytes(block);
            for (int i = 0; i < block.Length; i += 8)
            {
                if (random.Next(2) == 0)
                    BinaryPrimitives.WriteUInt64LittleEndian(block[i..], s_places[random.Next(s_places.Length)]);
            }

            ram.Write(place, block);
        }
    }

    private static void SetMode(Random random, Processor cpu, Start start)
    {
        ProcessorRegisters registers = cpu.Registers;
        const ulong protectedMode = Cr0.PE | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.AM;
        ulong media = Cr4.OSFXSR | Cr4.OSXMMEXCPT | Cr4.OSXSAVE;
        registers.ExtendedControlRegister0 = XsaveArea.SupportedComponents(cpu.Model);
        bool isLong = start is Start.Long or Start.User64 or Start.Compatibility or Start.Anything;
        registers.ExtendedFeatures = isLong ? Efer.LME | Efer.LMA | Efer.SCE | Efer.NXE : Efer.NXE;
        registers.ControlRegister4 = media | (isLong || start == Start.Pae ? Cr4.PAE : Cr4.PSE);
        registers.ControlRegister0 = start == Start.Unpaged ? protectedMode : protectedMode | Cr0.PG;
        registers.ControlRegister3 = isLong ? Level4 : start == Start.Pae ? PaePointers : LegacyDirectory;
        registers.Gdtr = new TableRegister(Gdt, 0x5F);
        registers.Idtr = isLong ? new TableRegister(LongIdt, 0xFFF) : new TableRegister(LegacyIdt, 0x7FF);
        registers.TaskRegister = isLong
            ? new Segment(LongTssSelector, LongTss, TaskStateSegment.Size - 1, 0x8B)
            : new Segment(LegacyTssSelector, LegacyTss, 0x67, 0x8B);
        (ushort code, ushort data) = start switch
        {
            Start.Long or Start.Anything => (Code64, Flat),
            Start.User64 => (UserCode64, UserFlat),
            _ => random.Next(3) switch { 0 => (Code32, Flat), 1 => (UserCode32, UserFlat), _ => (Code16, Flat) },
        };
        registers[SegmentName.CS] = Descriptor(cpu, code);
        foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.SS, SegmentName.DS, SegmentName.ES, SegmentName.FS, SegmentName.GS])
            registers[name] = Descriptor(cpu, data);
        registers.Rip = Code;
    }

    private static void SetRegisters(Random random, Processor cpu)
    {
        ProcessorRegisters registers = cpu.Registers;
        foreach (Gpr register in Enum.GetValues<Gpr>())
            registers[register] = Pick(random);
        if (random.Next(4) != 0)
            registers[Gpr.Rsp] = Stacks + 0x8000;
        registers.Flags = random.Next(3) == 0 ? (ulong)random.NextInt64() & ~Rflags.VM : Rflags.IF;
        byte[] area = new byte[XsaveArea.Size];
        random.NextBytes(area);
        BinaryPrimitives.WriteUInt32LittleEndian(area.AsSpan(24), (uint)random.Next(0x1_0000) | (random.Next(2) == 0 ? 0x1F80u : 0));
        if (random.Next(2) == 0)
            BinaryPrimitives.WriteUInt16LittleEndian(area, 0x37F);
        XsaveArea.Load(cpu, area);
    }

    /// <summary>Rubbish in tables, control registers, segments and model-specific registers.</summary>
    private static void Corrupt(Random random, Processor cpu, PhysicalMemory ram)
    {
        ProcessorRegisters registers = cpu.Registers;
        foreach (ulong table in (ReadOnlySpan<ulong>)[Gdt, LongIdt, LegacyIdt, LongTss, LegacyTss, Level4, Level3, Level2, PaePointers, LegacyDirectory])
        {
            if (random.Next(5) != 0)
                continue;
            byte[] garbage = new byte[8 * random.Next(1, 40)];
            random.NextBytes(garbage);
            if (random.Next(2) == 0)
                BinaryPrimitives.WriteUInt64LittleEndian(garbage, table | 0x67);
            ram.Write(table + 8ul * (ulong)random.Next(4), garbage);
        }

        ulong Bits() => (ulong)random.NextInt64() & (ulong)random.NextInt64();
        if (random.Next(3) == 0)
            registers.ControlRegister0 ^= (Cr0.PE | Cr0.MP | Cr0.EM | Cr0.TS | Cr0.NE | Cr0.WP | Cr0.AM | Cr0.PG) & Bits();
        if (random.Next(3) == 0)
            registers.ControlRegister4 ^= 0x003F_0FFF & Bits();
        if (random.Next(4) == 0)
            registers.ExtendedFeatures ^= (Efer.SCE | Efer.LME | Efer.LMA | Efer.NXE) & Bits();
        if (random.Next(4) == 0)
            registers.ControlRegister3 = Pick(random);
        if (random.Next(4) == 0)
            registers.Gdtr = new TableRegister(Pick(random), (ushort)random.Next());
        if (random.Next(4) == 0)
            registers.Idtr = new TableRegister(Pick(random), (ushort)(random.Next(2) == 0 ? 0 : random.Next()));
        if (random.Next(4) == 0)
            registers.TaskRegister = new Segment((ushort)random.Next(), Pick(random), (uint)random.Next(), (ushort)random.Next());
        if (random.Next(4) == 0)
            registers.LocalDescriptorTable = new Segment((ushort)random.Next(), Pick(random), (uint)random.Next(), (ushort)random.Next());
        foreach (SegmentName name in Enum.GetValues<SegmentName>())
        {
            if (random.Next(6) == 0)
                registers[name] = new Segment((ushort)random.Next(), Pick(random), (uint)random.Next(), (ushort)random.Next());
        }

        foreach (uint msr in (ReadOnlySpan<uint>)[Msr.Star, Msr.Lstar, Msr.Cstar, Msr.Fmask, Msr.SysenterCs, Msr.SysenterEsp, Msr.SysenterEip, Msr.KernelGsBase, Msr.DebugCtl])
        {
            if (random.Next(2) == 0)
                cpu.TryWriteMsr(msr, Pick(random));
        }

        for (int i = 0; i < 8; i++)
        {
            if (random.Next(4) == 0)
                cpu.S.Dr[i] = i switch { 6 => DebugStatus.Fixed, 7 => DebugControl.Fixed | (ulong)random.Next() & DebugControl.Writable, _ => Pick(random) };
        }

        cpu.RefreshDerivedState();
    }

    private static Segment Descriptor(Processor cpu, ushort selector) =>
        new Descriptor(cpu.Bus.Ram.ReadUInt64(Gdt + (ulong)(selector & ~7))).ToSegment(selector);

    private void BuildTables()
    {
        const ulong present = 0x67;
        const ulong large = 0xE7;
        foreach ((ulong table, ulong entry) in (ReadOnlySpan<(ulong, ulong)>)[(Level5, Level4), (Level4, Level3), (Level3, Level2)])
            _template.WriteUInt64(table, entry | present);
        for (ulong i = 0; i < 4; i++)
            _template.WriteUInt64(PaePointers + i * 8, Level2 | 1);
        _template.WriteUInt64(Level2, large);
        _template.WriteUInt64(LegacyDirectory, large);
    }

    private void BuildDescriptors()
    {
        (ushort Selector, ulong Raw)[] descriptors =
        [
            (Code64, 0x00AF_9B00_0000_FFFF), (Code32, 0x00CF_9B00_0000_FFFF), (Code16, 0x0000_9B00_0000_FFFF), (Flat, 0x00CF_9300_0000_FFFF),
            (UserCode32, 0x00CF_FB00_0000_FFFF), (UserFlat, 0x00CF_F300_0000_FFFF), (UserCode64, 0x00AF_FB00_0000_FFFF),
            (LongTssSelector, LongTss << 16 | 0x8B00_0000_0067), (LegacyTssSelector, LegacyTss << 16 | 0x8B00_0000_0067),
            (OtherTssSelector, (LegacyTss + 0x100) << 16 | 0x8900_0000_0067),
        ];
        foreach ((ushort selector, ulong raw) in descriptors)
            _template.WriteUInt64(Gdt + (ulong)(selector & ~7), raw);
        for (ulong vector = 0; vector < 256; vector++)
        {
            ulong target = Handlers + vector * 16;
            ulong type = (vector % 5 == 0 ? 15ul : 14ul) | (vector % 3 == 0 ? 0x60ul : 0) | 0x80;
            ulong gate = (target & 0xFFFF) | type << 40;
            _template.WriteUInt64(LongIdt + vector * 16, gate | (ulong)Code64 << 16 | vector % 2 << 32);
            _template.WriteUInt64(LegacyIdt + vector * 8, vector == 8 ? 0x8500ul << 32 | (ulong)OtherTssSelector << 16 : gate | (ulong)Code32 << 16);
        }

        _template.WriteUInt64(LongTss + 4, Stacks + 0x4000);
        _template.WriteUInt64(LongTss + 36, Stacks + 0x6000);
        _template.WriteUInt64(LegacyTss + 4, Stacks + 0x4000 | (ulong)Flat << 32);
        _template.WriteUInt64(LegacyTss + 0x100 + 0x1C, LegacyDirectory | Handlers << 32);
        _template.WriteUInt64(LegacyTss + 0x100 + 0x38, Stacks + 0x3000);
        _template.WriteUInt64(LegacyTss + 0x100 + 0x48, Flat | (ulong)Code32 << 32);
        _template.WriteUInt64(LegacyTss + 0x100 + 0x50, Flat | (ulong)Flat << 32);
    }
}
