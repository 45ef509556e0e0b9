using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The generations' designs, each its neighbour's with steps and traits replaced.</summary>
internal static class KernelDesigns
{
    /// <summary>Everything but the fixed bit, VM, VIF and VIP: from Linux 5.14 on.</summary>
    private const ulong WideFmask = 0x25_7FD5;

    /// <summary>Generic entry code, x32 in a table of its own, random stack offsets.</summary>
    public static KernelDesign Linux_5_13 { get; } = new(
        new KernelTraits { Version = new(5, 13) },
        Syscall64Entry.Linux_5_13, SyscallCompatEntry.Linux_5_13, SysenterCompatEntry.Linux_5_13, Int80CompatEntry.Linux_5_13,
        [FastReturn32.Linux_5_13, ReturnByIret.ToUser, ReturnByIret.ToKernel]);

    /// <summary>KPTI and the entry stack; the architecture's own way out; the top of the stack in the TSS; the x32 bit masked off.</summary>
    public static KernelDesign Linux_4_20 { get; } = Linux_5_13 with
    {
        Traits = Linux_5_13.Traits with
        {
            Version = new(4, 20),
            Numbers = NumberRule.MaskedWide,
            TopOfStackInTss = true,
            HasSyscallWork = false,
            HasGenericEntry = false,
            SysenterMendedInC = false,
            LoadsFpuLate = false,
        },
        SysenterCompat = SysenterCompatEntry.Linux_4_20,
        EntryWork = EntryWorkOrder.Linux_4_20,
    };

    /// <summary>SYSCALL enters by a page of its own in the CPU's entry area.</summary>
    public static KernelDesign Linux_4_19 { get; } = Linux_4_20 with
    {
        Traits = Linux_4_20.Traits with { Version = new(4, 19), TablesOf = Linux_4_20.Traits.Version },
        Syscall64 = Syscall64Entry.Linux_4_19,
        Trampolines = [SyscallTrampoline.Linux_4_19],
        Returns = [.. Linux_4_20.Returns, SyscallTrampoline.Stage2],
    };

    /// <summary>A fast path in assembly, handlers with their arguments in registers, no page-table isolation, thread_info on the stack.</summary>
    public static KernelDesign Linux_4_4 { get; } = new(
        Linux_4_20.Traits with
        {
            Version = new(4, 4),
            Numbers = NumberRule.MaskedNarrow,
            HandlersTakeRegisters = false,
            HasEntryStack = false,
            TopOfStackInTss = false,
            ThreadInfoStack = 16 << 10,
            GuardsSpeculation = false,
            UserReturn = FastPath44.ToUser.Symbol,
        },
        FastPath44.Linux_4_4, SyscallCompatEntry.Linux_5_13, SysenterCompatEntry.Linux_4_4, Int80CompatEntry.Linux_4_4,
        [FastReturn32.Linux_5_13, FastPath44.ToUser, FastPath44.ToKernel])
    {
        EntryWork = EntryWorkOrder.Linux_4_4,
    };

    /// <summary>Assembly throughout, with a partial frame; each way of 32-bit programs by itself; stacks of 8 KiB.</summary>
    public static KernelDesign Linux_2_6_39 { get; } = new(
        Linux_4_4.Traits with
        {
            Version = new(2, 6, 39),
            Numbers = NumberRule.Wide,
            Fmask = Rflags.TF | Rflags.IF | Rflags.DF | Rflags.IOPL,
            HasPartialFrame = true,
            StackGap = 40,
            ThreadInfoStack = 8 << 10,
            SysenterSymbol = Compat2639.Sysenter.Symbol,
            UserReturn = FastPath2639.ToUser.Symbol,
        },
        FastPath2639.Linux_2_6_39, Compat2639.Syscall, Compat2639.Sysenter, Compat2639.Int80, [FastPath2639.ToUser, FastPath2639.ToKernel])
    {
        EntryWork = EntryWorkOrder.Linux_2_6_39,
    };

    /// <summary>RETBLEED: IBRS or untrained returns, return thunks; the number an int; ENDBR64.</summary>
    public static KernelDesign Linux_6_1 { get; } = new KernelDesign(
        Linux_5_13.Traits with
        {
            Version = new(6, 1),
            Numbers = NumberRule.Signed,
            Fmask = WideFmask,
            RegistersFirst = true,
            HasReturnThunks = true,
            HasEndbr = true,
        },
        Syscall64Entry.Linux_6_1, SyscallCompatEntry.Linux_6_1, SysenterCompatEntry.Linux_6_1, Int80CompatEntry.Linux_6_1,
        [FastReturn32.Linux_6_1, ReturnByIret.ToUser_6_1, ReturnByIret.ToKernel]);

    /// <summary><c>int $0x80</c> as an exception, SYSRET decided in C, VERW last.</summary>
    public static KernelDesign Linux_6_8 { get; } = new KernelDesign(
        Linux_6_1.Traits with
        {
            Version = new(6, 8),
            SysretDecidedInC = true,
            ClearsBuffersLast = true,
            EmulatesInt80 = true,
        },
        Syscall64Entry.Linux_6_8, SyscallCompatEntry.Linux_6_1, SysenterCompatEntry.Linux_6_8, Int80Emulation.Entry,
        [.. Linux_6_1.Returns, CompatRefusal.Ignore])
        .Returning(ReturnByIret.ToUser_6_8);

    /// <summary>Dispatch by comparisons, the branch history cleared at each entry; entries by FRED beside those by the IDT.</summary>
    public static KernelDesign Linux_6_12 { get; } = Linux_6_8 with
    {
        Traits = Linux_6_8.Traits with { Version = new(6, 12), DispatchesBySwitch = true, HasFred = true },
        Syscall64 = Syscall64Entry.Linux_6_12,
        SyscallCompat = SyscallCompatEntry.Linux_6_12,
        SysenterCompat = SysenterCompatEntry.Linux_6_12,
        Int80 = Int80Emulation.Entry_6_12,
        EntryWork = EntryWorkOrder.Linux_6_12,
        FredEntries = [FredEntry.FromUser, FredEntry.FromKernel],
    };
}
