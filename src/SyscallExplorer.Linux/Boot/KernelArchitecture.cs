namespace SyscallExplorer.Linux;

/// <summary>
/// What the host's side of a kernel has to know of the architecture that it was built for: where things stand and how wide they are. Guest code of the
/// one and of the other has nothing in common; the host's work on tasks, memory and files is the same.
/// </summary>
internal sealed record KernelArchitecture
{
    private KernelArchitecture()
    {
    }

    /// <summary>64-bit, with 32-bit programs beside the 64-bit ones.</summary>
    public static KernelArchitecture X86_64 { get; } = new()
    {
        Name = "x86_64",
        DirectMap = KernelLayout.DirectMap,
        RamSize = KernelLayout.RamSize,
        UserAddressLimit = KernelLayout.UserAddressLimit,
        Limit32 = UserSpace.Limit32,
        StackTop32 = UserSpace.StackTop32,
        MmapTop32 = UserSpace.MmapTop32,
        VdsoPage = UserSpace.KernelVsyscallPage,
        Modules = KernelLayout.Modules,
        RegistersSize = PtRegsOffsets.Size,
        WordSize = 8,
        SavedRegisters = SchedulerCode.SavedRegisters,
        User32Cs = Selectors.User32Cs,
        UserDs = Selectors.UserDs,
        FirstTls = Selectors.FirstTls,
        FirstTask = KernelLayout.TaskPhysical,
        IdleTask = KernelLayout.IdlePhysical,
    };

    /// <summary>32-bit, with the last gigabyte of addresses for itself.</summary>
    public static KernelArchitecture I386 { get; } = new()
    {
        Name = "i386",
        DirectMap = I386Layout.PageOffset,
        RamSize = I386Layout.RamSize,
        UserAddressLimit = I386Layout.PageOffset,
        Limit32 = I386Layout.PageOffset,
        StackTop32 = I386Layout.PageOffset,
        MmapTop32 = I386Layout.MmapTop,
        VdsoPage = UserSpace.NativeKernelVsyscallPage,
        Modules = I386Layout.Modules,
        RegistersSize = I386Registers.Size,
        WordSize = 4,
        SavedRegisters = I386Scheduler.SavedRegisters,
        User32Cs = I386Selectors.UserCs,
        UserDs = I386Selectors.UserDs,
        FirstTls = I386Selectors.FirstTls,
        FirstTask = KernelLayout.ThreadStackPhysical,
        IdleTask = KernelLayout.IdleStackPhysical,
    };

    /// <summary>As the kernel's build calls it.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is the 32-bit kernel.</summary>
    public bool IsNative32 => WordSize == 4;

    /// <summary>Linear address of the first byte of RAM.</summary>
    public required ulong DirectMap { get; init; }

    /// <summary>Bytes of RAM that the machine has.</summary>
    public required long RamSize { get; init; }

    /// <summary>The first address that no program may use.</summary>
    public required ulong UserAddressLimit { get; init; }

    /// <summary>The same for a 32-bit program.</summary>
    public required ulong Limit32 { get; init; }

    /// <summary>Address behind the stack of a 32-bit program, where nothing is random.</summary>
    public required ulong StackTop32 { get; init; }

    /// <summary>Where mmap begins to look in a 32-bit program, where nothing is random.</summary>
    public required ulong MmapTop32 { get; init; }

    /// <summary>Where the vDSO of a 32-bit program begins, where nothing is random.</summary>
    public required ulong VdsoPage { get; init; }

    /// <summary>Where code begins that is added to a kernel which runs.</summary>
    public required ulong Modules { get; init; }

    /// <summary>Bytes of <c>struct pt_regs</c>.</summary>
    public required int RegistersSize { get; init; }

    /// <summary>Bytes of a pointer.</summary>
    public required int WordSize { get; init; }

    /// <summary>Words that a task which does not run has on its stack, without the return address.</summary>
    public required int SavedRegisters { get; init; }

    /// <summary>Code selector of 32-bit programs.</summary>
    public required ushort User32Cs { get; init; }

    /// <summary>Data selector of programs.</summary>
    public required ushort UserDs { get; init; }

    /// <summary>The first of the GDT's entries that set_thread_area fills, as an index.</summary>
    public required int FirstTls { get; init; }

    /// <summary>Physical address of the first program's task.</summary>
    public required ulong FirstTask { get; init; }

    /// <summary>Physical address of the idle task.</summary>
    public required ulong IdleTask { get; init; }

    /// <summary>Where guest code finds a physical address.</summary>
    public ulong DirectMapped(ulong physical) => DirectMap + physical;

    /// <summary>A result as wide as the kernel's registers.</summary>
    public ulong Word(long value) => IsNative32 ? (uint)value : (ulong)value;
}
