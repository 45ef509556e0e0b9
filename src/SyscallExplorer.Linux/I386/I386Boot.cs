using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// What the boot of a 32-bit kernel leaves behind: code in the direct map, page tables of the format that the processor suggests, GDT, IDT, two TSSs, the
/// first task, and the registers of protected mode.
/// </summary>
internal sealed class I386Boot(Processor cpu, KernelGeneration kernel, IReadOnlySet<KernelFeature> features, VdsoSet vdso, PageTableFormat paging, ulong seed)
{
    private const ulong ReadOnly = PageEntry.P | PageEntry.A | PageEntry.NX;
    private const ulong ReadWrite = PageEntry.P | PageEntry.RW | PageEntry.A | PageEntry.D | PageEntry.NX;
    private const ulong Executable = PageEntry.P | PageEntry.A;
    private const ulong Uncached = ReadWrite | PageEntry.PCD | PageEntry.PWT;

    private readonly PhysicalMemory _ram = cpu.Bus.Ram;
    private readonly FrameAllocator _frames = new(KernelLayout.FirstFreeFrame, (ulong)I386Layout.RamSize, cpu.Bus.Ram);
    private readonly BootData _data = new(cpu.Bus.Ram, KernelArchitecture.I386, I386Layout.InitCred);
    private readonly I386Design _design = kernel.I386Design ?? throw new ArgumentException($"{kernel} is no 32-bit kernel.", nameof(kernel));

    /// <summary>What a 32-bit kernel makes of a processor: which features it uses, and in which format it pages.</summary>
    /// <remarks>PAE is there for execution that can be forbidden and for page tables of user mode; without a need for either, tables have two levels.</remarks>
    public static (IReadOnlySet<KernelFeature> Features, PageTableFormat Paging) Choose(CpuModel cpu, IReadOnlySet<KernelFeature> found)
    {
        var features = new HashSet<KernelFeature>(found.Except(
        [
            KernelFeature.Pcid, KernelFeature.Fsgsbase, KernelFeature.X2Apic, KernelFeature.TscDeadline, KernelFeature.Syscall32, KernelFeature.Sysenter32,
            KernelFeature.KernelIbrs, KernelFeature.UntrainReturns, KernelFeature.FenceSwapgsUser, KernelFeature.FenceSwapgsKernel, KernelFeature.XenPv, KernelFeature.Ia32Emulation,
            KernelFeature.La57,
        ]));
        void Set(KernelFeature feature, bool value)
        {
            if (value)
                features.Add(feature);
        }

        Set(KernelFeature.Sysenter32, cpu.Has(CpuFeature.Sep));
        Set(KernelFeature.Fxsr, cpu.Has(CpuFeature.Fxsr));
        Set(KernelFeature.PitClocksource, !cpu.Has(CpuFeature.Tsc));
        bool hasNx = cpu.Has(CpuFeature.Nx);
        if (!cpu.Has(CpuFeature.Pae))
            features.Remove(KernelFeature.Pti);
        bool usesPae = cpu.Has(CpuFeature.Pae) && (hasNx || features.Contains(KernelFeature.Pti));
        return (features, usesPae ? PageTableFormat.Pae with { HasNx = hasNx } : PageTableFormat.TwoLevels);
    }

    /// <summary>Boots. The processor then stands in ring 0 with interrupts off and no program.</summary>
    /// <returns>The first free frame and the roots of the page tables.</returns>
    public (ulong NextFrame, ulong KernelRoot, ulong UserRoot) Run()
    {
        LoadCode();
        WriteTables();
        (ulong kernelRoot, ulong userRoot) = MapKernel();
        WriteGdt();
        WriteIdt();
        WriteTss(kernelRoot);
        WritePerCpu();
        _data.WriteFiles(kernel);
        _data.WriteTimekeeper(cpu.Model, kernel, features, vdso);
        SetRegisters(kernelRoot);
        if (cpu.Model.Has(CpuFeature.Apic))
            SetLocalApic();
        else
            SetAtInterrupts();
        return (_frames.Next, kernelRoot, userRoot);
    }

    private ulong Symbol(string name) => kernel.Image.Symbols[name];

    private void LoadCode()
    {
        foreach (AssembledSection section in kernel.Image.Sections)
            _ram.Write(section.Section.Physical, section.Bytes);
        foreach (CodeAlternative alternative in kernel.Image.Alternatives.Where(alternative => features.Contains(alternative.Feature)))
            _ram.Write(Physical(alternative.Address), alternative.Replacement);
    }

    private void WriteTables()
    {
        for (int number = 0; number < kernel.Traits.Ia32NrSyscalls; number++)
            Write32(I386Layout.SysCallTable + (ulong)number * 4, Symbol(HandlerCode.TargetOf(kernel.Traits, number, SyscallAbi.Ia32)));
        ulong address = I386Layout.ExceptionTable;
        foreach (FaultFixup fixup in kernel.Image.Fixups)
        {
            Write32(address, fixup.Instruction);
            Write32(address + 4, fixup.Fixup);
            address += 8;
        }

        Write32(I386Layout.VerwSelector, I386Selectors.KernelDs);
    }

    private (ulong KernelRoot, ulong UserRoot) MapKernel()
    {
        bool pti = features.Contains(KernelFeature.Pti);
        ulong kernelRoot = _frames.TryTakeAdjoining(pti ? 2 : 1) ?? throw new InvalidOperationException("The guest has no RAM.");
        ulong userRoot = pti ? kernelRoot + PageTableSwitch.UserTable : kernelRoot;
        var tables = new PageTables(_ram, _frames, paging);
        ulong global = pti ? 0 : Global;
        for (ulong physical = 0; physical < (ulong)I386Layout.RamSize; physical += paging.LargeSize)
            MapWhole(tables, kernelRoot, I386Layout.PageOffset + physical, physical, RightsOf(physical) | global);
        for (ulong offset = 0; offset < KernelLayout.ModulesSize; offset += KernelLayout.PageSize)
            tables.Map(kernelRoot, I386Layout.Modules + offset, KernelLayout.ModulesPhysical + offset, Executable | global);
        if (cpu.Model.Has(CpuFeature.Apic))
            tables.Map(kernelRoot, I386Layout.LocalApic, cpu.LocalApic.Address, Uncached | global);
        if (kernel.Traits.HasEntryStack)
            MapCpuEntryArea(tables, kernelRoot);
        if (pti)
        {
            MapCpuEntryArea(tables, userRoot);
            tables.MapLarge(userRoot, I386Layout.EntryText.Base, I386Layout.EntryText.Physical, Executable | Global);
        }

        if (!tables.TryPrepare(kernelRoot, userRoot))
            throw new InvalidOperationException("The guest's RAM is too small for its kernel's page tables.");
        return (kernelRoot, userRoot);
    }

    /// <summary>A large page, or as many small ones where there are none.</summary>
    private void MapWhole(PageTables tables, ulong root, ulong linear, ulong physical, ulong rights)
    {
        if (cpu.Model.Has(CpuFeature.Pse))
        {
            tables.MapLarge(root, linear, physical, rights);
            return;
        }

        for (ulong offset = 0; offset < paging.LargeSize; offset += KernelLayout.PageSize)
            tables.Map(root, linear + offset, physical + offset, rights);
    }

    private ulong Global => cpu.Model.Has(CpuFeature.Pge) ? PageEntry.G : 0;

    private void MapCpuEntryArea(PageTables tables, ulong root)
    {
        tables.Map(root, I386Layout.IdtAlias, KernelLayout.IdtPhysical, ReadOnly | Global);
        tables.Map(root, I386Layout.GdtAlias, KernelLayout.GdtPhysical, ReadWrite | Global);
        tables.Map(root, I386Layout.EntryStack, KernelLayout.EntryStackPhysical, ReadWrite | Global);
        for (ulong page = 0; page < I386Layout.TssPages * KernelLayout.PageSize; page += KernelLayout.PageSize)
            tables.Map(root, I386Layout.TssAlias + page, I386Layout.TssPhysical + page, ReadWrite | Global);
        tables.Map(root, I386Layout.DoubleFaultTssAlias, I386Layout.DoubleFaultTssPhysical, ReadWrite | Global);
    }

    private static ulong RightsOf(ulong physical) => physical switch
    {
        _ when physical == (I386Layout.Text.Physical & ~0x1F_FFFFul) || physical == (I386Layout.EntryText.Physical & ~0x1F_FFFFul) => Executable,
        KernelLayout.ReadOnlyDataPhysical => ReadOnly,
        _ => ReadWrite,
    };

    /// <summary>The descriptors of code and data are not marked accessed yet: the first load of each writes the table.</summary>
    private void WriteGdt()
    {
        const ulong flatData = 0x00CF_9200_0000_FFFF, canaryData = 0x0040_9000_0000_0018, smallData = 0x0000_9200_0000_FFFF;
        const ulong busyTss = 0x8B, availableTss = 0x89;
        const ulong bitmapEnd = 104 + 8192 + 3;
        Span<(int Selector, ulong Descriptor)> entries =
        [
            (I386Selectors.KernelCs, 0x00CF_9A00_0000_FFFF),
            (I386Selectors.KernelDs, flatData),
            (I386Selectors.UserCs, 0x00CF_FA00_0000_FFFF),
            (I386Selectors.UserDs, 0x00CF_F200_0000_FFFF),
            (I386Selectors.Tss, WithBase(bitmapEnd | (busyTss << 40), IsInEntryArea ? I386Layout.TssAlias : I386Layout.Tss)),
            (I386Selectors.EspFix, smallData),
            (I386Selectors.PerCpu, WithBase(flatData, I386Layout.PerCpu)),
            (I386Selectors.StackCanary, WithBase(canaryData, I386Layout.PerCpu + PerCpuOffsets.StackCanary - CanaryOffset)),
            (I386Selectors.DoubleFaultTss, WithBase((TaskStateSegment.Size - 1) | (availableTss << 40), IsInEntryArea ? I386Layout.DoubleFaultTssAlias : I386Layout.DoubleFaultTss)),
        ];
        foreach ((int selector, ulong descriptor) in entries)
            _ram.WriteUInt64(KernelLayout.GdtPhysical + ((ulong)selector & ~7ul), descriptor);
    }

    private bool IsInEntryArea => kernel.Traits.HasEntryStack;

    /// <summary>Where the compiler looks for the canary, from GS.</summary>
    private const ulong CanaryOffset = 20;

    private static ulong WithBase(ulong descriptor, ulong address) => descriptor | ((address & 0xFF_FFFF) << 16) | ((address & 0xFF00_0000) << 32);

    private void WriteIdt()
    {
        const int interruptGate = 0x8E, trapGate = 0x8F, taskGate = 0x85, userCallable = 0x60;
        const int syscallVector = 0x80;
        foreach (ExceptionEntry entry in ExceptionEntries.Table.Where(entry => entry.Vector != Vector.DoubleFault))
            WriteGate((int)entry.Vector, Symbol(I386Exceptions.StubOf(kernel.Traits, entry)), interruptGate | (entry.Dpl << 5));
        WriteGate(TimerInterrupt.Vector, Symbol(I386Exceptions.Timer), interruptGate);
        WriteGate(I386Interrupts.TimerVector, Symbol(I386Interrupts.Stubs), interruptGate);
        WriteGate(syscallVector, Symbol(_design.Int80.Symbol), (_design.Int80KeepsInterrupts ? trapGate : interruptGate) | userCallable);
        _ram.WriteUInt64(KernelLayout.IdtPhysical + (int)Vector.DoubleFault * 8, ((ulong)I386Selectors.DoubleFaultTss << 16) | ((ulong)taskGate << 40));
    }

    private void WriteGate(int vector, ulong target, int type) => _ram.WriteUInt64(
        KernelLayout.IdtPhysical + (ulong)vector * 8,
        (target & 0xFFFF) | ((ulong)I386Selectors.KernelCs << 16) | ((ulong)type << 40) | ((target & 0xFFFF_0000) << 32));

    /// <summary>The task of a double fault has everything that it needs to run, whatever has become of the other.</summary>
    private void WriteTss(ulong kernelRoot)
    {
        const int ss0 = 8, ss1 = 16, cr3 = 28, ip = 32, flags = 36, sp = 56, es = 72, cs = 76, ss = 80, ds = 84, fs = 88, bitmapOffset = 0x8000;
        foreach ((int offset, ulong value) in (ReadOnlySpan<(int, ulong)>)[
            (TaskStateSegment.Rsp0, IsInEntryArea ? I386Layout.EntryStackTop : FirstStackTop), (I386Layout.TssSp1, IsInEntryArea ? FirstStackTop : SysenterStack),
            (ss0, I386Selectors.KernelDs), (ss1, I386Selectors.KernelCs)])
        {
            Write32(I386Layout.Tss + (ulong)offset, value);
        }

        Write32(I386Layout.Tss + TaskStateSegment.IoMapBase - 2, (ulong)bitmapOffset << 16);
        foreach ((int offset, ulong value) in (ReadOnlySpan<(int, ulong)>)[
            (TaskStateSegment.Rsp0, I386Layout.DoubleFaultStackTop), (ss0, I386Selectors.KernelDs), (cr3, kernelRoot), (ip, Symbol("doublefault_fn")),
            (flags, Rflags.Fixed), (sp, I386Layout.DoubleFaultStackTop), (es, I386Selectors.UserDs), (cs, I386Selectors.KernelCs),
            (ss, I386Selectors.KernelDs), (ds, I386Selectors.UserDs), (fs, I386Selectors.PerCpu)])
        {
            Write32(I386Layout.DoubleFaultTss + (ulong)offset, value);
        }

        Write32(I386Layout.DoubleFaultTss + TaskStateSegment.IoMapBase - 2, (ulong)bitmapOffset << 16);
    }

    /// <summary>Behind the TSS, whose last member is a small stack; later the entry stack.</summary>
    private ulong SysenterStack => IsInEntryArea ? I386Layout.EntryStackTop : I386Layout.Tss + I386Layout.TssSize;

    private static ulong FirstStackTop => I386Layout.PageOffset + KernelArchitecture.I386.FirstTask + I386Layout.ThreadSize - I386Layout.StackPadding;

    private void WritePerCpu()
    {
        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        ulong canary = (ulong)random.NextInt64() & 0xFFFF_FF00;
        Write32(I386Layout.PerCpu + PerCpuOffsets.CurrentTask, I386Layout.PageOffset + KernelArchitecture.I386.FirstTask);
        Write32(I386Layout.PerCpu + PerCpuOffsets.TopOfStack, FirstStackTop);
        Write32(I386Layout.PerCpu + PerCpuOffsets.StackCanary, canary);

        KernelArchitecture architecture = KernelArchitecture.I386;
        ulong idleTop = I386Layout.PageOffset + architecture.IdleTask + I386Layout.ThreadSize - I386Layout.StackPadding;
        _data.WriteTasks(FirstStackTop, idleTop, canary);

        // Nor has the idle task an address space.
        _ram.WriteUInt64(architecture.IdleTask + TaskLayout.Mm, 0);

        // The idle task has not run: the first switch to it finds its beginning as a return address.
        ulong returnAddress = idleTop - 8;
        Write32(returnAddress, Symbol(SchedulerCode.Idle));
        _ram.WriteUInt64(architecture.IdleTask + TaskLayout.ThreadSp, returnAddress - I386Scheduler.SavedRegisters * 4);
    }

    private void SetRegisters(ulong kernelRoot)
    {
        CpuModel model = cpu.Model;
        ProcessorRegisters registers = cpu.Registers;
        ulong IfModel(CpuFeature feature, ulong bits) => model.Has(feature) ? bits : 0;
        ulong If(KernelFeature feature, ulong bits) => features.Contains(feature) ? bits : 0;
        registers.ExtendedFeatures = paging.HasNx ? Efer.NXE : 0;
        registers.ControlRegister4 = IfModel(CpuFeature.De, Cr4.DE) | IfModel(CpuFeature.Pse, Cr4.PSE) | (paging == PageTableFormat.TwoLevels ? 0 : Cr4.PAE) | IfModel(CpuFeature.Pge, Cr4.PGE)
            | IfModel(CpuFeature.Fxsr, Cr4.OSFXSR) | IfModel(CpuFeature.Sse, Cr4.OSXMMEXCPT) | IfModel(CpuFeature.Umip, Cr4.UMIP)
            | If(KernelFeature.Smep, Cr4.SMEP) | If(KernelFeature.Smap, Cr4.SMAP) | If(KernelFeature.Xsave, Cr4.OSXSAVE);
        if (features.Contains(KernelFeature.Xsave))
            registers.ExtendedControlRegister0 = XsaveArea.SupportedComponents(model);
        registers.ControlRegister3 = kernelRoot;
        registers.ControlRegister0 = Cr0.PE | Cr0.MP | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.AM | Cr0.PG;
        registers.ControlRegister3 = kernelRoot;
        registers.Gdtr = new TableRegister(IsInEntryArea ? I386Layout.GdtAlias : I386Layout.Gdt, I386Selectors.Entries * 8 - 1);
        registers.Idtr = new TableRegister(IsInEntryArea ? I386Layout.IdtAlias : I386Layout.Idt, 256 * 8 - 1);
        registers.TaskRegister = FromGdt(I386Selectors.Tss);
        registers[SegmentName.CS] = FromGdt(I386Selectors.KernelCs);
        registers[SegmentName.SS] = FromGdt(I386Selectors.KernelDs);
        registers[SegmentName.DS] = FromGdt(I386Selectors.UserDs);
        registers[SegmentName.ES] = FromGdt(I386Selectors.UserDs);
        registers[SegmentName.FS] = FromGdt(I386Selectors.PerCpu);
        registers[SegmentName.GS] = FromGdt(I386Selectors.StackCanary);
        if (!features.Contains(KernelFeature.Sysenter32))
            return;
        registers.WriteMsr(Msr.SysenterCs, I386Selectors.KernelCs);
        registers.WriteMsr(Msr.SysenterEsp, SysenterStack);
        registers.WriteMsr(Msr.SysenterEip, Symbol(_design.Sysenter.Symbol));
    }

    private void SetLocalApic()
    {
        const uint spuriousVector = 0xFF;
        const uint aboveExceptions = 0x10;
        LocalApic apic = cpu.LocalApic;
        apic.Write(ApicRegister.TaskPriority, aboveExceptions);
        apic.Write(ApicRegister.SpuriousVector, spuriousVector | ApicBits.SoftwareEnable);
        apic.Write(ApicRegister.LocalTimer, TimerInterrupt.Vector);
        apic.Write(ApicRegister.DivideConfiguration, LocalTimer.DivideConfiguration);
    }

    /// <summary><c>init_8259A</c> and <c>setup_pit_timer</c>: vectors from 30h on, the timer's line alone unmasked, and ticks in periods of 1/250 second.</summary>
    private void SetAtInterrupts()
    {
        const ushort secondPort = 1;
        Write32(I386Interrupts.LastCount, I386Interrupts.TicksPerPeriod);
        const byte start = 0x11, fullyNested = 1, slaveLine = 1 << 2, slaveNumber = 2, none = 0xFF, rateGenerator = 0x34;
        foreach ((int port, byte value) in (ReadOnlySpan<(int, byte)>)[
            (AtInterrupts.MasterPort, start), (AtInterrupts.MasterPort + secondPort, I386Interrupts.TimerVector), (AtInterrupts.MasterPort + secondPort, slaveLine),
            (AtInterrupts.MasterPort + secondPort, fullyNested), (AtInterrupts.SlavePort, start), (AtInterrupts.SlavePort + secondPort, I386Interrupts.TimerVector + 8),
            (AtInterrupts.SlavePort + secondPort, slaveNumber), (AtInterrupts.SlavePort + secondPort, fullyNested), (AtInterrupts.SlavePort + secondPort, none),
            (AtInterrupts.MasterPort + secondPort, I386Interrupts.MaskOfOthers), (AtInterrupts.TimerControlPort, rateGenerator),
            (AtInterrupts.TimerPort, I386Interrupts.TicksPerPeriod & 0xFF), (AtInterrupts.TimerPort, I386Interrupts.TicksPerPeriod >> 8)])
        {
            cpu.Bus.Devices.OfType<IPortDevice>().First(device => port >= device.FirstPort && port < device.FirstPort + device.PortCount).Out((ushort)port, 1, value);
        }
    }

    private Segment FromGdt(ushort selector) =>
        new Descriptor(_ram.ReadUInt64(KernelLayout.GdtPhysical + ((ulong)selector & ~7ul))).ToSegment(selector);

    private static ulong Physical(ulong linear) => linear - I386Layout.PageOffset;

    private void Write32(ulong linear, ulong value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)value);
        _ram.Write(Physical(linear), bytes);
    }
}
