namespace SyscallExplorer.Linux;

/// <summary>A range of kernel code.</summary>
/// <param name="Name">As in the kernel's linker script.</param>
/// <param name="Base">Linear address.</param>
/// <param name="Physical">Physical address.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Bitness">32 or 64: what its code is.</param>
internal sealed record CodeSection(string Name, ulong Base, ulong Physical, int Size, int Bitness = 64);

/// <summary>
/// The kernel's address space on x86-64 with four-level paging and without KASLR. Every address of the kernel image stands here once;
/// guest code and host code share it. Documentation/x86/x86_64/mm.rst of Linux 5.13 gives the regions.
/// </summary>
internal sealed class KernelLayout
{
    public const ulong PageSize = 4096;
    public const ulong LargePageSize = 2 << 20;

    public const long RamSize = 1L << 30;
    public const ulong DirectMap = 0xFFFF_8880_0000_0000;
    public const ulong Vmalloc = 0xFFFF_C900_0000_0000;
    public const ulong CpuEntryArea = 0xFFFF_FE00_0000_0000;
    public const ulong KernelMap = 0xFFFF_FFFF_8000_0000;

    /// <summary>FIX_APIC_BASE, in the fixmap: the local APIC's registers, where they are memory.</summary>
    public const ulong LocalApic = 0xFFFF_FFFF_FF5F_C000;

    /// <summary>The modules' area: code that was added after boot.</summary>
    public const ulong Modules = 0xFFFF_FFFF_C000_0000;
    public const ulong ModulesPhysical = 0x0330_0000;
    public const int ModulesSize = 64 << 10;

    /// <summary>Everything but the entry code.</summary>
    public static readonly CodeSection Text = new(".text", 0xFFFF_FFFF_8100_0000, 0x0100_0000, 2 << 20);

    /// <summary>The code that runs before the page tables are the kernel's: the only text that user page tables hold.</summary>
    public static readonly CodeSection EntryText = new(".entry.text", 0xFFFF_FFFF_81C0_0000, 0x01C0_0000, 2 << 20);

    public const ulong ReadOnlyData = 0xFFFF_FFFF_8200_0000;
    public const ulong ReadOnlyDataPhysical = 0x0200_0000;
    public const ulong Data = 0xFFFF_FFFF_8240_0000;
    public const ulong DataPhysical = 0x0240_0000;

    public const ulong SysCallTable = ReadOnlyData;
    public const ulong Ia32SysCallTable = ReadOnlyData + 0x2000;
    public const ulong X32SysCallTable = ReadOnlyData + 0x4000;
    public const ulong ExceptionTable = ReadOnlyData + 0x6000;
    public const ulong VerwSelector = ReadOnlyData + 0x8000;
    public const ulong UtsName = ReadOnlyData + 0x8100;

    public const ulong Timekeeper = Data;
    public const ulong InitCred = Data + 0x100;

    public const ulong PerCpuPhysical = 0x0300_0000;
    public const ulong PerCpu = DirectMap + PerCpuPhysical;
    public const ulong TssRw = PerCpu + PerCpuOffsets.Tss;
    public const ulong GdtPhysical = PerCpuPhysical + 0x2000;
    public const ulong IdtPhysical = PerCpuPhysical + 0x3000;
    public const ulong EntryStackPhysical = PerCpuPhysical + 0x4000;
    public const ulong IstPhysical = PerCpuPhysical + 0x5000;

    /// <summary>The first program's task, its descriptors, its process and its address space, a frame each.</summary>
    public const ulong TaskPhysical = 0x0310_0000;
    public const ulong FilesPhysical = TaskPhysical + 0x1000;
    public const ulong ProcessPhysical = TaskPhysical + 0x2000;
    public const ulong MapPhysical = TaskPhysical + 0x3000;

    /// <summary>Tasks that never run: the first program's parent, and process 1.</summary>
    public const ulong ParentPhysical = TaskPhysical + 0x4000;
    public const ulong InitPhysical = TaskPhysical + 0x5000;

    /// <summary>The idle task, which runs when no other can.</summary>
    public const ulong IdlePhysical = TaskPhysical + 0x6000;

    /// <summary>The first program's <c>files_struct</c>.</summary>
    public const ulong FilesStructPhysical = TaskPhysical + 0x7000;
    public const ulong ThreadStackPhysical = 0x0311_0000;
    public const ulong IdleStackPhysical = 0x0312_0000;

    /// <summary>Bytes of a task's structure that XSAVE or FXSAVE fills: the legacy region, the header and AVX.</summary>
    public const int FpuArea = 832;

    /// <summary>A word for each frame of RAM.</summary>
    public const ulong MemMapPhysical = 0x0340_0000;

    /// <summary>From here on frames are handed out for page tables and user memory.</summary>
    public const ulong FirstFreeFrame = 0x0400_0000;

    public const ulong IdtAlias = CpuEntryArea;
    public const ulong GdtAlias = CpuEntryArea + 0x1000;
    public const ulong EntryStack = CpuEntryArea + 0x2000;
    public const ulong EntryStackTop = EntryStack + PageSize;
    public const ulong TssAlias = CpuEntryArea + 0x3000;

    /// <summary>Exception stacks of one page, each above a guard page.</summary>
    public const ulong ExceptionStacks = CpuEntryArea + 0x4000;
    public const ulong ExceptionStackStride = 2 * PageSize;

    public const ulong ThreadStackSize = 16 << 10;

    /// <summary>Kernel stacks, each above a guard page: the first program's, the idle task's, and those of tasks to come.</summary>
    public const ulong ThreadStackStride = ThreadStackSize + PageSize;
    public const ulong ThreadStack = Vmalloc + PageSize;
    public const ulong ThreadStackTop = ThreadStack + ThreadStackSize;
    public const int FirstSlot = 0;
    public const int IdleSlot = 1;

    public const ulong UserAddressLimit = (1ul << 47) - PageSize;

    /// <summary>The page of Linux 4.15 to 4.19 in each CPU's entry area: its own words lie at fixed distances from it.</summary>
    public static readonly CodeSection Trampoline = new(".entry_trampoline", CpuEntryArea + 0xC000, PerCpuPhysical + 0xA000, (int)PageSize);

    /// <summary>Where FRED enters: a page of its own, with the entry for events of ring 0 at a fixed distance behind that for ring 3.</summary>
    public const ulong FredEntryPage = 0xFFFF_FFFF_8180_0000;
    public const ulong FredEntryPhysical = 0x0180_0000;
    public const int FredKernelOffset = 256;
    public static readonly CodeSection FredUserEntry = new(".noinstr.text", FredEntryPage, FredEntryPhysical, FredKernelOffset);
    public static readonly CodeSection FredKernelEntry = new(
        ".noinstr.text", FredEntryPage + FredKernelOffset, FredEntryPhysical + FredKernelOffset, (int)PageSize - FredKernelOffset);

    public static readonly IReadOnlyList<CodeSection> Sections = [Text, EntryText, Trampoline, FredUserEntry, FredKernelEntry];

    public static CodeSection OtherSection(CodeSection section) => section == Text ? EntryText : Text;

    /// <summary>Where an address of the kernel's code lies in RAM.</summary>
    public static ulong PhysicalOfCode(ulong address)
    {
        CodeSection section = Sections.First(section => address - section.Base < (ulong)section.Size);
        return address - section.Base + section.Physical;
    }

    /// <summary>Where an address of the kernel's read-only data lies in RAM.</summary>
    public static ulong PhysicalOfReadOnly(ulong linear) => linear - ReadOnlyData + ReadOnlyDataPhysical;

    /// <summary>Lowest address of the kernel stack of a slot.</summary>
    public static ulong StackOf(int slot) => ThreadStack + (ulong)slot * ThreadStackStride;

    /// <summary>Top of an IST stack, 1 to 4.</summary>
    public static ulong ExceptionStackTop(int ist) => ExceptionStacks + (ulong)(ist - 1) * ExceptionStackStride + 2 * PageSize;

    /// <summary>Rounds an address or a size up to whole pages.</summary>
    public static ulong PageUp(ulong value) => (value + PageSize - 1) & ~(PageSize - 1);

    public static ulong DirectMapped(ulong physical) => DirectMap + physical;
}

/// <summary>Offsets from GS in ring 0: the words of the per-CPU area that guest code uses.</summary>
internal static class PerCpuOffsets
{
    public const int CurrentTask = 0x10;
    public const int TopOfStack = 0x18;
    public const int StackCanary = 0x28;
    public const int KstackOffset = 0x30;
    public const int UserPcidFlushMask = 0x38;

    /// <summary>rsp_scratch: the user's stack pointer while the kernel has none.</summary>
    public const int RspScratch = 0x50;

    /// <summary>x86_spec_ctrl_current: what IA32_SPEC_CTRL holds while the kernel runs.</summary>
    public const int SpecCtrl = 0x48;
    /// <summary>espfix_stack and espfix_waddr: where the stack for returns to 16-bit stacks is read and written.</summary>
    public const int EspfixStack = 0xE0;
    public const int EspfixWritable = 0xE8;
    public const int CpuNumber = 0x40;
    public const int PreemptCount = 0x44;

    /// <summary>fred_rsp0: what IA32_FRED_RSP0 holds.</summary>
    public const int FredRsp0 = 0x58;

    /// <summary><c>cpu_tss_rw</c>, a page of its own because user page tables hold it.</summary>
    public const int Tss = 0x1000;
}

/// <summary>IST entries of Linux 5.13 on x86-64.</summary>
internal static class IstIndex
{
    public const int DoubleFault = 1;
    public const int Nmi = 2;
    public const int Debug = 3;
    public const int MachineCheck = 4;
}

/// <summary>Selectors of the x86-64 GDT, the same in every version.</summary>
public static class Selectors
{
    /// <summary>32-bit kernel code.</summary>
    public const ushort Kernel32Cs = 0x08;

    /// <summary>64-bit kernel code.</summary>
    public const ushort KernelCs = 0x10;

    /// <summary>Kernel data.</summary>
    public const ushort KernelDs = 0x18;

    /// <summary>32-bit user code.</summary>
    public const ushort User32Cs = 0x23;

    /// <summary>User data, of 32-bit programs too.</summary>
    public const ushort UserDs = 0x2B;

    /// <summary>64-bit user code.</summary>
    public const ushort UserCs = 0x33;

    /// <summary>The TSS.</summary>
    public const ushort Tss = 0x40;

    /// <summary>The LDT of the address space, two entries.</summary>
    public const ushort Ldt = 0x50;

    /// <summary>The first of the GDT's entries that set_thread_area fills, as an index.</summary>
    public const int FirstTls = 12;

    /// <summary>How many such entries there are.</summary>
    public const int TlsEntries = 3;

    /// <summary>The CPU and node number in a segment limit, for LSL.</summary>
    public const ushort CpuNode = 0x7B;
}
