namespace SyscallExplorer.Linux;

/// <summary>
/// The address space of a 32-bit kernel with the usual split: three gigabytes for programs, and one for the kernel, which holds RAM as it is. Everything
/// that boot lays out stands at the physical addresses of <see cref="KernelLayout"/>, and the kernel's image in the direct map.
/// </summary>
internal static class I386Layout
{
    /// <summary>PAGE_OFFSET: where RAM begins.</summary>
    public const ulong PageOffset = 0xC000_0000;

    /// <summary>Less than what the direct map can hold, which is 896 MiB, so that there is no high memory.</summary>
    public const long RamSize = 512 << 20;

    /// <summary>Where mmap begins below the stack: the gap is the smallest that there is.</summary>
    public const ulong MmapTop = 0xB7FF_8000;

    public static readonly CodeSection Text = new(".text", PageOffset + 0x0100_0000, 0x0100_0000, 2 << 20, 32);

    /// <summary>The code that user page tables hold too, where they are separate.</summary>
    public static readonly CodeSection EntryText = new(".entry.text", PageOffset + 0x01C0_0000, 0x01C0_0000, 2 << 20, 32);

    public static CodeSection OtherSection(CodeSection section) => section == Text ? EntryText : Text;

    public const ulong ReadOnlyData = PageOffset + KernelLayout.ReadOnlyDataPhysical;
    public const ulong SysCallTable = ReadOnlyData;

    /// <summary>Pairs of words: the instruction, and where the kernel goes on.</summary>
    public const ulong ExceptionTable = ReadOnlyData + 0x6000;
    public const ulong VerwSelector = ReadOnlyData + 0x8000;

    /// <summary>VMALLOC_START: 8 MiB behind the direct map. Modules go there.</summary>
    public const ulong Modules = PageOffset + (ulong)RamSize + (8 << 20);

    public const ulong Timekeeper = PageOffset + KernelLayout.DataPhysical;
    public const ulong InitCred = Timekeeper + 0x100;

    public const ulong PerCpu = PageOffset + KernelLayout.PerCpuPhysical;
    public const ulong Gdt = PageOffset + KernelLayout.GdtPhysical;
    public const ulong Idt = PageOffset + KernelLayout.IdtPhysical;

    /// <summary>FIX_APIC_BASE.</summary>
    public const ulong LocalApic = 0xFFFF_B000;

    /// <summary>Bytes of a task's stack, at whose bottom its thread_info lies.</summary>
    public const ulong ThreadSize = 8 << 10;

    /// <summary>Bytes that stay free above pt_regs: TOP_OF_KERNEL_STACK_PADDING.</summary>
    public const ulong StackPadding = 8;

    /// <summary><c>init_tss</c>, three pages: the hardware's part, the I/O bitmap, and a small stack at its end.</summary>
    public const ulong TssPhysical = KernelLayout.PerCpuPhysical + 0x10000;
    public const ulong Tss = PageOffset + TssPhysical;

    /// <summary>
    /// The CPU's entry area from Linux 4.15 on, which user page tables hold too: IDT, GDT, entry stack, TSS, and the TSS of the double fault.
    /// </summary>
    public const ulong CpuEntryArea = 0xFF80_0000;
    public const ulong IdtAlias = CpuEntryArea;
    public const ulong GdtAlias = CpuEntryArea + 0x1000;
    public const ulong EntryStack = CpuEntryArea + 0x2000;
    public const ulong EntryStackTop = EntryStack + 0x1000;
    public const ulong TssAlias = CpuEntryArea + 0x3000;
    public const int TssPages = 3;
    public const ulong DoubleFaultTssAlias = CpuEntryArea + 0x6000;

    /// <summary>ESP1 in a 32-bit TSS.</summary>
    public const int TssSp1 = 12;

    /// <summary>sizeof(struct tss_struct).</summary>
    public const int TssSize = 8576;

    /// <summary>The TSS of the task that a double fault switches to, and its stack.</summary>
    public const ulong DoubleFaultTssPhysical = KernelLayout.PerCpuPhysical + 0x14000;
    public const ulong DoubleFaultTss = PageOffset + DoubleFaultTssPhysical;
    public const ulong DoubleFaultStackTop = PageOffset + KernelLayout.PerCpuPhysical + 0x18000;
}

/// <summary>Selectors of the i386 GDT, the same in every version.</summary>
internal static class I386Selectors
{
    public const ushort KernelCs = 0x60;
    public const ushort KernelDs = 0x68;
    public const ushort UserCs = 0x73;
    public const ushort UserDs = 0x7B;
    public const ushort Tss = 0x80;
    public const ushort EspFix = 0xD0;
    public const ushort PerCpu = 0xD8;
    public const ushort StackCanary = 0xE0;
    public const ushort DoubleFaultTss = 0xF8;
    public const int FirstTls = 6;
    public const int Entries = 32;
}

/// <summary>Offsets in bytes of <c>struct pt_regs</c> on i386. arch/x86/include/asm/ptrace.h gives the order.</summary>
internal static class I386Registers
{
    public const int Bx = 0;
    public const int Cx = 4;
    public const int Dx = 8;
    public const int Si = 12;
    public const int Di = 16;
    public const int Bp = 20;
    public const int Ax = 24;
    public const int Ds = 28;
    public const int Es = 32;
    public const int Fs = 36;
    public const int Gs = 40;
    public const int OrigAx = 44;
    public const int Ip = 48;
    public const int Cs = 52;
    public const int Flags = 56;
    public const int Sp = 60;
    public const int Ss = 64;
    public const int Size = 68;

    private static readonly (int Narrow, int Wide)[] s_pairs =
    [
        (Bx, PtRegsOffsets.Bx), (Cx, PtRegsOffsets.Cx), (Dx, PtRegsOffsets.Dx), (Si, PtRegsOffsets.Si), (Di, PtRegsOffsets.Di), (Bp, PtRegsOffsets.Bp),
        (Ax, PtRegsOffsets.Ax), (OrigAx, PtRegsOffsets.OrigAx), (Ip, PtRegsOffsets.Ip), (Cs, PtRegsOffsets.Cs), (Flags, PtRegsOffsets.Flags),
        (Sp, PtRegsOffsets.Sp), (Ss, PtRegsOffsets.Ss),
    ];

    /// <summary>The registers as the host knows them. The number keeps its sign, since less than zero means that there is none.</summary>
    public static ulong[] Widen(ReadOnlySpan<byte> bytes)
    {
        ulong[] words = new ulong[PtRegsOffsets.Size / sizeof(ulong)];
        foreach ((int narrow, int wide) in s_pairs)
        {
            uint value = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes[narrow..]);
            words[wide / sizeof(ulong)] = narrow switch
            {
                OrigAx => (ulong)(int)value,
                Cs or Ss => (ushort)value,
                _ => value,
            };
        }

        return words;
    }

    /// <summary>Puts registers into a structure, whose data segments stay as they are.</summary>
    public static void Narrow(PtRegs registers, Span<byte> bytes)
    {
        foreach ((int narrow, int wide) in s_pairs)
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(bytes[narrow..], (uint)registers[wide]);
    }
}
