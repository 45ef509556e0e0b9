namespace SyscallExplorer.Silicon;

/// <summary>Where code, data and control blocks lie: the same linear addresses in the worker and in the emulated machine.</summary>
internal static class WorkerLayout
{
    /// <summary>First address of the data that snippets read and write; the pages around it are not mapped.</summary>
    public const ulong Data = 0x1000_0000;

    /// <summary>Bytes of data, two pages.</summary>
    public const int DataSize = 0x2000;

    /// <summary>First address of the code, which is readable and not writable: a page of INT3 where branches land, then the slots of the snippets.</summary>
    public const ulong Code = 0x2000_0000;

    /// <summary>Bytes of code; the page behind it is not mapped.</summary>
    public const int CodeSize = 0x21000;

    /// <summary>Bytes at the start of the code that are all INT3.</summary>
    public const int LandingSize = 0x1000;

    /// <summary>Bytes of a snippet's slot: the instruction, the way out, and INT3.</summary>
    public const int SlotSize = 64;

    /// <summary>Slots that a relative branch takes, so that whatever it reaches with 8 bits is INT3 of its own.</summary>
    public const int BranchSlots = 5;

    /// <summary>The worker's own code that snippets jump to when they end; 64-bit code below 4 GiB, so that 32-bit snippets reach it too.</summary>
    public const ulong Gate = 0x3000_0000;

    /// <summary>First address of the worker's program.</summary>
    public const ulong Program = 0x6A3B_0000_0000;

    /// <summary>The worker's variables.</summary>
    public const ulong Variables = 0x6A3B_0010_0000;

    /// <summary>Top of the stack that the worker uses between snippets.</summary>
    public const ulong StackTop = 0x6A3B_0011_0000;

    /// <summary>The stack of signal handlers.</summary>
    public const ulong SignalStack = 0x6A3B_0012_0000;

    /// <summary>Bytes of the stack of signal handlers: frames with all of AVX-512, one within another.</summary>
    public const ulong SignalStackSize = 0x4_0000;

    /// <summary>First address of the memory that the kit shares with the worker.</summary>
    public const ulong Shared = 0x6A3C_0000_0000;

    /// <summary>In the shared memory: number of cases.</summary>
    public const int CountOffset = 0;

    /// <summary>In the shared memory: what the data hold before each case.</summary>
    public const int DataOffset = 0x1000;

    /// <summary>In the shared memory: the code.</summary>
    public const int CodeOffset = 0x10000;

    /// <summary>In the shared memory: XSAVE images that cases start with.</summary>
    public const int ImagesOffset = 0x40000;

    /// <summary>Bytes from one XSAVE image to the next.</summary>
    public const int ImageStride = 896;

    /// <summary>Bytes of an XSAVE image that are used: x87, SSE and AVX in the standard format.</summary>
    public const int ImageSize = 832;

    /// <summary>Number of XSAVE images.</summary>
    public const int ImageCount = 256;

    /// <summary>In the shared memory: the cases.</summary>
    public const int InputsOffset = 0x80000;

    /// <summary>Bytes of a case.</summary>
    public const int InputSize = 256;

    /// <summary>Cases that fit.</summary>
    public const int MaxCases = 1024;

    /// <summary>In the shared memory: what the cases ended with.</summary>
    public const int OutputsOffset = 0x100000;

    /// <summary>Bytes of an outcome without the list of changed data.</summary>
    public const int OutputSize = 1152;

    /// <summary>Bytes of one entry of the list of changed data: an offset and 64 bytes.</summary>
    public const int ChangeSize = 8 + ChunkSize;

    /// <summary>The data are compared and restored in chunks of this size.</summary>
    public const int ChunkSize = 64;

    /// <summary>Bytes of the shared memory: every case may change all data.</summary>
    public const int SharedSize = OutputsOffset + MaxCases * (OutputSize + DataSize / ChunkSize * ChangeSize + 64);
}

/// <summary>Offsets in a case as the worker reads it.</summary>
internal static class InputField
{
    /// <summary>RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15.</summary>
    public const int Registers = 0;

    public const int Flags = 128;

    /// <summary>Offset and, in the four bytes behind it, selector of the first instruction.</summary>
    public const int Target = 136;

    public const int FsBase = 144;
    public const int GsBase = 152;

    /// <summary>Address of the XSAVE image.</summary>
    public const int Image = 160;

    /// <summary>What FS and GS are loaded with before they get their bases: 32-bit code needs usable ones.</summary>
    public const int FsGsSelector = 168;

    /// <summary>DS and ES.</summary>
    public const int DataSelector = 176;
}

/// <summary>Offsets in an outcome as the worker writes it.</summary>
internal static class OutputField
{
    /// <summary>RAX to R15; after a signal the kernel's own order instead (struct sigcontext).</summary>
    public const int Registers = 0;

    /// <summary>RFLAGS; part of <see cref="Registers"/> after a signal.</summary>
    public const int Flags = 128;

    /// <summary>The signal's number, 0 when the snippet ran to its end.</summary>
    public const int Signal = 192;

    /// <summary>Number of chunks of data that changed.</summary>
    public const int ChangeCount = 200;

    /// <summary>DS, ES, FS, GS, 16 bits each.</summary>
    public const int Selectors = 208;

    public const int FsBase = 216;
    public const int GsBase = 224;

    /// <summary>SS of a snippet that ran to its end.</summary>
    public const int StackSelector = 232;

    public const int Image = 256;
    public const int Changes = WorkerLayout.OutputSize;
}

/// <summary>Places in the kernel's struct sigcontext on x86-64, in 8-byte words.</summary>
internal static class SignalContext
{
    public const int R8 = 0;
    public const int Rdi = 8;
    public const int Rsi = 9;
    public const int Rbp = 10;
    public const int Rbx = 11;
    public const int Rdx = 12;
    public const int Rax = 13;
    public const int Rcx = 14;
    public const int Rsp = 15;
    public const int Rip = 16;
    public const int Flags = 17;

    /// <summary>CS, GS, FS, SS, 16 bits each.</summary>
    public const int Selectors = 18;

    public const int ErrorCode = 19;
    public const int Vector = 20;
    public const int Cr2 = 22;
    public const int FloatingPoint = 23;

    /// <summary>Bytes of the words that are kept.</summary>
    public const int Size = 24 * 8;

    /// <summary>Where it lies in struct ucontext.</summary>
    public const int InUserContext = 40;
}
