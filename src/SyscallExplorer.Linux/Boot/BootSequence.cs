using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// What the kernel's boot leaves behind, as far as entry paths see it: code with its alternatives patched, page tables, GDT, IDT, TSS,
/// per-CPU words, the first task, MSRs and control registers.
/// </summary>
internal sealed class BootSequence(Processor cpu, KernelGeneration kernel, IReadOnlySet<KernelFeature> features, VdsoSet vdso, VsyscallMode vsyscall, ulong seed)
{
    private const ulong ReadOnly = PageEntry.P | PageEntry.A | PageEntry.NX;
    private const ulong ReadWrite = PageEntry.P | PageEntry.RW | PageEntry.A | PageEntry.D | PageEntry.NX;
    private const ulong Executable = PageEntry.P | PageEntry.A;
    private const ulong Uncached = ReadWrite | PageEntry.PCD | PageEntry.PWT;
    private const int AsidPcid = 1;
    private const ulong Ibrs = 1;

    private readonly PhysicalMemory _ram = cpu.Bus.Ram;
    private readonly FrameAllocator _frames = new(KernelLayout.FirstFreeFrame, KernelLayout.RamSize, cpu.Bus.Ram);
    private readonly BootData _data = new(cpu.Bus.Ram, KernelArchitecture.X86_64, KernelLayout.InitCred);

    /// <summary>Boots. The processor then stands in ring 0 with interrupts off and no program.</summary>
    /// <returns>The first free frame and the roots of the page tables.</returns>
    public (ulong NextFrame, ulong KernelRoot, ulong UserRoot) Run()
    {
        LoadCode();
        WriteTables();
        (ulong kernelRoot, ulong userRoot) = MapKernel();
        WriteGdt();
        WriteIdt();
        WriteTss();
        WritePerCpu();
        _data.WriteFiles(kernel);
        _data.WriteTimekeeper(cpu.Model, kernel, features, vdso);
        VsyscallPage.Write(_ram, kernel.Traits.Version, features);
        SetRegisters(kernelRoot);
        SetLocalApic();
        return (_frames.Next, kernelRoot, userRoot);
    }

    private void LoadCode()
    {
        foreach (AssembledSection section in kernel.Image.Sections)
            _ram.Write(section.Section.Physical, section.Bytes);
        foreach (CodeAlternative alternative in kernel.Image.Alternatives.Where(alternative => features.Contains(alternative.Feature)))
            _ram.Write(KernelLayout.PhysicalOfCode(alternative.Address), alternative.Replacement);
    }

    private void WriteTables()
    {
        KernelTraits traits = kernel.Traits;
        WriteSyscallTable(KernelLayout.SysCallTable, SyscallAbi.Wide);
        WriteSyscallTable(KernelLayout.Ia32SysCallTable, SyscallAbi.Ia32);
        if (traits.HasX32Table)
            WriteSyscallTable(KernelLayout.X32SysCallTable, SyscallAbi.X32);
        ulong address = KernelLayout.PhysicalOfReadOnly(KernelLayout.ExceptionTable);
        foreach (FaultFixup fixup in kernel.Image.Fixups)
        {
            _ram.WriteUInt64(address, fixup.Instruction);
            _ram.WriteUInt64(address + 8, fixup.Fixup);
            address += 16;
        }

        _ram.Write(KernelLayout.PhysicalOfReadOnly(KernelLayout.VerwSelector), BitConverter.GetBytes(Selectors.KernelDs));
    }

    /// <summary>Before Linux 5.4 one table serves 64-bit and x32 callers, whose own numbers lie behind those of the others.</summary>
    private void WriteSyscallTable(ulong linear, SyscallAbi abi)
    {
        const int firstOfX32 = 512;
        for (int number = 0; number < kernel.Traits.SizeOf(abi); number++)
        {
            SyscallAbi own = abi == SyscallAbi.Wide && number >= firstOfX32 ? SyscallAbi.X32 : abi;
            ulong target = kernel.Image.Symbols[HandlerCode.TargetOf(kernel.Traits, number, own)];
            _ram.WriteUInt64(KernelLayout.PhysicalOfReadOnly(linear) + (ulong)number * 8, target);
        }
    }

    private (ulong KernelRoot, ulong UserRoot) MapKernel()
    {
        bool pti = features.Contains(KernelFeature.Pti);
        ulong kernelRoot = _frames.TryTakeAdjoining(2) ?? throw new InvalidOperationException("The guest has no RAM.");
        ulong userRoot = pti ? kernelRoot + PageTableSwitch.UserTable : kernelRoot;
        var tables = new PageTables(_ram, _frames);

        // With isolation only what both address spaces hold is global: the entry code and the cpu_entry_area.
        ulong global = pti ? 0 : PageEntry.G;
        for (ulong physical = 0; physical < (ulong)KernelLayout.RamSize; physical += KernelLayout.LargePageSize)
            MapDirect(tables, kernelRoot, physical, global);
        tables.MapLarge(kernelRoot, KernelLayout.Text.Base, KernelLayout.Text.Physical, Executable | global);
        tables.MapLarge(kernelRoot, KernelLayout.EntryText.Base, KernelLayout.EntryText.Physical, Executable | PageEntry.G);
        tables.MapLarge(kernelRoot, KernelLayout.ReadOnlyData, KernelLayout.ReadOnlyDataPhysical, ReadOnly | global);
        tables.MapLarge(kernelRoot, KernelLayout.Data, KernelLayout.DataPhysical, ReadWrite | global);
        MapStack(tables, kernelRoot, KernelLayout.FirstSlot, KernelLayout.ThreadStackPhysical, KernelLayout.TaskPhysical, global);
        MapStack(tables, kernelRoot, KernelLayout.IdleSlot, KernelLayout.IdleStackPhysical, KernelLayout.IdlePhysical, global);
        MapCpuEntryArea(tables, kernelRoot, PageEntry.G);
        for (ulong offset = 0; offset < KernelLayout.ModulesSize; offset += KernelLayout.PageSize)
            tables.Map(kernelRoot, KernelLayout.Modules + offset, KernelLayout.ModulesPhysical + offset, Executable | global);
        if (kernel.Design.Trampolines.Length > 0)
            tables.Map(kernelRoot, KernelLayout.Trampoline.Base, KernelLayout.Trampoline.Physical, Executable | PageEntry.G);
        if (kernel.Traits.HasFred)
            tables.MapLarge(kernelRoot, KernelLayout.FredEntryPage, KernelLayout.FredEntryPhysical, Executable | global);
        if (EspfixReturn.IsIn(kernel.Traits.Version))
            EspfixArea.Map(_ram, _frames, kernelRoot);
        if (!features.Contains(KernelFeature.X2Apic))
            tables.Map(kernelRoot, KernelLayout.LocalApic, cpu.LocalApic.Address, Uncached | global);

        if (pti)
        {
            tables.ShareTopLevel(kernelRoot, userRoot, KernelLayout.CpuEntryArea);
            tables.ShareTopLevel(kernelRoot, userRoot, EspfixArea.Base);
            tables.MapLarge(userRoot, KernelLayout.EntryText.Base, KernelLayout.EntryText.Physical, Executable | PageEntry.G);
            tables.Map(userRoot, KernelLayout.TssRw, KernelLayout.PerCpuPhysical + PerCpuOffsets.Tss, ReadWrite);
        }

        VsyscallPage.Map(tables, kernelRoot, userRoot, kernel.Traits.Version, vsyscall);
        return features.Contains(KernelFeature.La57) ? AddLevel(kernelRoot, userRoot) : (kernelRoot, userRoot);
    }

    /// <summary>A fifth level above the others. All that the kernel has lies in the last of its entries; the direct map too, which Linux moves to FF11000000000000h.</summary>
    private (ulong KernelRoot, ulong UserRoot) AddLevel(ulong kernelTable, ulong userTable)
    {
        const ulong last = 511 * 8, rights = PageEntry.P | PageEntry.RW | PageEntry.US | PageEntry.A;
        ulong kernelRoot = _frames.TryTakeAdjoining(2) ?? throw new InvalidOperationException("The guest has no RAM.");
        _ram.WriteUInt64(kernelRoot + last, kernelTable | rights);
        if (kernelTable == userTable)
            return (kernelRoot, kernelRoot);
        _ram.WriteUInt64(kernelRoot + PageTableSwitch.UserTable + last, userTable | rights);
        return (kernelRoot, kernelRoot + PageTableSwitch.UserTable);
    }

    private void MapStack(PageTables tables, ulong root, int slot, ulong physical, ulong task, ulong global)
    {
        for (ulong offset = 0; offset < KernelLayout.ThreadStackSize; offset += KernelLayout.PageSize)
        {
            ulong frame = offset == kernel.Traits.ThreadInfoPage ? task : physical + offset;
            tables.Map(root, KernelLayout.StackOf(slot) + offset, frame, ReadWrite | global);
        }
    }

    /// <summary>The per-CPU area is mapped by small pages, since one of them is in the user's tables too.</summary>
    private static void MapDirect(PageTables tables, ulong root, ulong physical, ulong global)
    {
        if (physical != (KernelLayout.PerCpuPhysical & ~(KernelLayout.LargePageSize - 1)))
        {
            tables.MapLarge(root, KernelLayout.DirectMapped(physical), physical, ReadWrite | global);
            return;
        }

        for (ulong offset = 0; offset < KernelLayout.LargePageSize; offset += KernelLayout.PageSize)
            tables.Map(root, KernelLayout.DirectMapped(physical + offset), physical + offset, ReadWrite | global);
    }

    private static void MapCpuEntryArea(PageTables tables, ulong root, ulong global)
    {
        tables.Map(root, KernelLayout.IdtAlias, KernelLayout.IdtPhysical, ReadOnly | global);
        tables.Map(root, KernelLayout.GdtAlias, KernelLayout.GdtPhysical, ReadOnly | global);
        tables.Map(root, KernelLayout.EntryStack, KernelLayout.EntryStackPhysical, ReadWrite | global);
        tables.Map(root, KernelLayout.TssAlias, KernelLayout.PerCpuPhysical + PerCpuOffsets.Tss, ReadOnly | global);
        for (int ist = 1; ist <= IstIndex.MachineCheck; ist++)
        {
            tables.Map(root, KernelLayout.ExceptionStackTop(ist) - KernelLayout.PageSize,
                KernelLayout.IstPhysical + (ulong)(ist - 1) * KernelLayout.PageSize, ReadWrite | global);
        }
    }

    private void WriteGdt()
    {
        const ulong tssAvailableBusy = 0x8B;
        Span<(int Selector, ulong Descriptor)> entries =
        [
            (Selectors.Kernel32Cs, 0x00CF9B000000FFFF),
            (Selectors.KernelCs, 0x00AF9B000000FFFF),
            (Selectors.KernelDs, 0x00CF93000000FFFF),
            (Selectors.User32Cs, 0x00CFFB000000FFFF),
            (Selectors.UserDs, 0x00CFF3000000FFFF),
            (Selectors.UserCs, 0x00AFFB000000FFFF),
            (Selectors.CpuNode, 0x0040F50000000000),
        ];
        foreach ((int selector, ulong descriptor) in entries)
            _ram.WriteUInt64(KernelLayout.GdtPhysical + ((ulong)selector & ~7ul), descriptor);

        ulong tss = KernelLayout.TssAlias;
        ulong low = TaskStateSegment.Size - 1ul | ((tss & 0xFF_FFFF) << 16) | (tssAvailableBusy << 40) | ((tss & 0xFF00_0000) << 32);
        _ram.WriteUInt64(KernelLayout.GdtPhysical + Selectors.Tss, low);
        _ram.WriteUInt64(KernelLayout.GdtPhysical + Selectors.Tss + 8, tss >> 32);
    }

    private void WriteIdt()
    {
        const int userCallable = 3;
        WriteGate(TimerInterrupt.Vector, kernel.Image.Symbols["asm_" + TimerInterrupt.Symbol], ist: 0, dpl: 0);
        foreach (ExceptionEntry entry in ExceptionEntries.Table)
            WriteGate((int)entry.Vector, kernel.Image.Symbols[entry.AsmSymbol], entry.Ist, entry.Dpl);
        if (features.Contains(KernelFeature.Ia32Emulation))
            WriteGate(SyscallVector, kernel.Image.Symbols[kernel.Design.Int80.Symbol], ist: 0, userCallable);
    }

    private const int SyscallVector = 0x80;

    private void WriteGate(int vector, ulong target, int ist, int dpl)
    {
        const ulong interruptGate = 0x8E;
        ulong low = (target & 0xFFFF) | ((ulong)Selectors.KernelCs << 16) | ((ulong)ist << 32) | ((interruptGate | ((ulong)dpl << 5)) << 40)
            | ((target & 0xFFFF_0000) << 32);
        _ram.WriteUInt64(KernelLayout.IdtPhysical + (ulong)vector * 16, low);
        _ram.WriteUInt64(KernelLayout.IdtPhysical + (ulong)vector * 16 + 8, target >> 32);
    }

    private void WriteTss()
    {
        ulong tss = KernelLayout.PerCpuPhysical + PerCpuOffsets.Tss;
        _ram.WriteUInt64(tss + TaskStateSegment.Rsp0, kernel.Traits.HasEntryStack ? KernelLayout.EntryStackTop : KernelLayout.ThreadStackTop);
        for (int ist = 1; ist <= IstIndex.MachineCheck; ist++)
            _ram.WriteUInt64(tss + TaskStateSegment.Ist1 + (ulong)(ist - 1) * 8, KernelLayout.ExceptionStackTop(ist));
        Write16(tss + TaskStateSegment.IoMapBase, TaskStateSegment.Size);
    }

    private void WritePerCpu()
    {
        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        ulong area = KernelLayout.PerCpuPhysical;
        _ram.WriteUInt64(area + PerCpuOffsets.CurrentTask, KernelLayout.DirectMapped(KernelLayout.TaskPhysical));
        _ram.WriteUInt64(area + (ulong)kernel.Traits.TopOfStack, TopOfFirstStack - (ulong)kernel.Traits.StackGap);
        _ram.WriteUInt64(area + PerCpuOffsets.FredRsp0, If(KernelFeature.Fred, KernelLayout.ThreadStackTop));
        _ram.WriteUInt64(area + PerCpuOffsets.SpecCtrl, If(KernelFeature.KernelIbrs, Ibrs));
        ulong canary = (ulong)random.NextInt64() & ~0xFFul;
        _ram.WriteUInt64(area + PerCpuOffsets.StackCanary, canary);
        _ram.WriteUInt64(area + PerCpuOffsets.KstackOffset, (ulong)random.Next(0x400));
        EspfixArea.WritePerCpu(_ram, seed);
        WriteTasks(canary);
    }

    private ulong TopOfFirstStack => KernelLayout.ThreadStackTop - kernel.Traits.StackPadding;

    private void WriteTasks(ulong canary)
    {
        ulong idleTop = KernelLayout.StackOf(KernelLayout.IdleSlot) + KernelLayout.ThreadStackSize;
        _data.WriteTasks(TopOfFirstStack, idleTop, canary);

        // The idle task has not run: the first switch to it finds its beginning as a return address.
        ulong frame = (SchedulerCode.SavedRegisters + 2) * 8ul;
        _ram.WriteUInt64(KernelLayout.IdlePhysical + TaskLayout.ThreadSp, idleTop - frame);
        _ram.WriteUInt64(KernelLayout.IdleStackPhysical + KernelLayout.ThreadStackSize - 2 * 8, kernel.Image.Symbols[SchedulerCode.Idle]);
    }

    private void SetRegisters(ulong kernelRoot)
    {
        ProcessorRegisters registers = cpu.Registers;
        registers.ExtendedFeatures = Efer.SCE | Efer.LME | Efer.LMA | Efer.NXE;
        registers.ControlRegister4 = Cr4.DE | Cr4.PSE | Cr4.PAE | Cr4.MCE | Cr4.PGE | Cr4.OSFXSR | Cr4.OSXMMEXCPT
            | If(KernelFeature.Pcid, Cr4.PCIDE) | If(KernelFeature.Smep, Cr4.SMEP) | If(KernelFeature.Smap, Cr4.SMAP)
            | If(KernelFeature.Fsgsbase, Cr4.FSGSBASE) | If(KernelFeature.La57, Cr4.LA57) | (cpu.Model.Has(CpuFeature.Umip) ? Cr4.UMIP : 0)
            | (cpu.Model.Has(CpuFeature.Xsave) ? Cr4.OSXSAVE : 0);
        if (cpu.Model.Has(CpuFeature.Xsave))
            registers.ExtendedControlRegister0 = XsaveArea.SupportedComponents(cpu.Model);
        registers.ControlRegister0 = Cr0.PE | Cr0.MP | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.AM | Cr0.PG;
        registers.ControlRegister3 = kernelRoot | If(KernelFeature.Pcid, AsidPcid);
        registers.Gdtr = new TableRegister(KernelLayout.GdtAlias, 16 * 8 - 1);
        registers.Idtr = new TableRegister(KernelLayout.IdtAlias, 256 * 16 - 1);
        registers.TaskRegister = new Segment(Selectors.Tss, KernelLayout.TssAlias, TaskStateSegment.Size - 1, 0x8B);
        registers[SegmentName.CS] = FromGdt(Selectors.KernelCs);
        registers[SegmentName.SS] = FromGdt(Selectors.KernelDs);
        foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.DS, SegmentName.ES, SegmentName.FS, SegmentName.GS])
            registers[name] = default;

        registers.WriteMsr(Msr.GsBase, KernelLayout.PerCpu);
        registers.WriteMsr(Msr.KernelGsBase, 0);
        registers.WriteMsr(Msr.Star, ((ulong)Selectors.User32Cs << 48) | ((ulong)Selectors.KernelCs << 32));
        registers.WriteMsr(Msr.Lstar, kernel.Image.Symbols[kernel.Design.LstarSymbol(features)]);
        bool ia32 = features.Contains(KernelFeature.Ia32Emulation);
        registers.WriteMsr(Msr.Cstar, kernel.Image.Symbols[ia32 ? kernel.Design.SyscallCompat.Symbol : CompatRefusal.Ignore.Symbol]);
        registers.WriteMsr(Msr.Fmask, kernel.Traits.Fmask);

        // AMD keeps 32 bits of the SYSENTER addresses, which nothing ever uses there.
        registers.WriteMsr(Msr.SysenterCs, ia32 ? Selectors.KernelCs : 0ul);
        registers.WriteMsr(Msr.SysenterEsp, ia32 ? KernelLayout.EntryStackTop : 0);
        registers.WriteMsr(Msr.SysenterEip, ia32 ? kernel.Image.Symbols[kernel.Design.SysenterCompat.Symbol] : 0);
        if (features.Contains(KernelFeature.Fred))
            new FredBoot(registers, kernel.Image).Run();
        if (features.Contains(KernelFeature.KernelIbrs))
            registers.WriteMsr(Msr.SpecCtrl, Ibrs);
        if (cpu.Model.Has(CpuFeature.Rdtscp))
            registers.WriteMsr(Msr.TscAux, 0);
    }

    /// <summary>
    /// The local APIC by its mode, and its timer without a time yet. Nothing drives its other local vectors, which stay masked. The divisor is
    /// set only where the timer counts down.
    /// </summary>
    private void SetLocalApic()
    {
        const uint spuriousVector = 0xFF;
        const uint aboveExceptions = 0x10;
        if (features.Contains(KernelFeature.X2Apic))
            cpu.Registers.WriteMsr(Msr.ApicBase, cpu.Registers.ReadMsr(Msr.ApicBase) | ApicBits.ExtendedMode);
        LocalApic apic = cpu.LocalApic;
        apic.Write(ApicRegister.TaskPriority, aboveExceptions);
        apic.Write(ApicRegister.SpuriousVector, spuriousVector | ApicBits.SoftwareEnable);
        bool deadline = features.Contains(KernelFeature.TscDeadline);
        apic.Write(ApicRegister.LocalTimer, TimerInterrupt.Vector | (deadline ? ApicBits.TscDeadline : 0));
        if (!deadline)
            apic.Write(ApicRegister.DivideConfiguration, LocalTimer.DivideConfiguration);
    }

    private ulong If(KernelFeature feature, ulong bits) => features.Contains(feature) ? bits : 0;

    private Segment FromGdt(ushort selector) =>
        new Descriptor(_ram.ReadUInt64(KernelLayout.GdtPhysical + ((ulong)selector & ~7ul))).ToSegment(selector);

    private void Write16(ulong address, int value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
        _ram.Write(address, bytes);
    }
}
