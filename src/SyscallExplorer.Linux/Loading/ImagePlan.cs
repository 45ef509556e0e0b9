using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>One act of putting an image into an address space. Whatever was mapped in its range before is gone.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address behind the last.</param>
internal abstract record ImageStep(ulong Start, ulong End);

/// <summary>Private pages of the file. Behind the file's end an access is SIGBUS, as with any mapping.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address behind the last.</param>
/// <param name="Offset">Where in the file they begin.</param>
/// <param name="Readable">PROT_READ.</param>
/// <param name="Writable">PROT_WRITE.</param>
/// <param name="Executable">PROT_EXEC, READ_IMPLIES_EXEC included.</param>
internal sealed record FilePages(ulong Start, ulong End, ulong Offset, bool Readable, bool Writable, bool Executable) : ImageStep(Start, End);

/// <summary>Zeroes that can be read and written, whatever the rights of their segment.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address behind the last.</param>
/// <param name="Executable">Whether they can be executed too.</param>
internal sealed record ZeroPages(ulong Start, ulong End, bool Executable) : ImageStep(Start, End);

/// <summary>
/// Zeroes over what the file has behind its segment, to the end of the page. Where that page cannot be written, nothing happens.
/// </summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address behind the last.</param>
internal sealed record ZeroBytes(ulong Start, ulong End) : ImageStep(Start, End);

/// <summary>
/// How the kernel puts a program or its interpreter into an address space: the steps in their order, and the addresses that the memory
/// descriptor and the auxiliary vector take from them. Observed with elf(5) in hand; the order and the checks are those of Linux 5.13.
/// </summary>
/// <param name="Bias">What was added to the file's addresses.</param>
/// <param name="Steps">What is to be done, in this order.</param>
/// <param name="End">End of the image in whole pages: where the heap begins, unless that is random.</param>
/// <param name="EntryPoint">Where the image's execution begins.</param>
/// <param name="ProgramHeaders">Address of the program header table by the first segment: AT_PHDR.</param>
/// <param name="StartCode">The first address of executable segments.</param>
/// <param name="EndCode">Address behind the last byte of the file that executable segments have.</param>
/// <param name="StartData">Where the segment of the highest address begins.</param>
/// <param name="EndData">Address behind the last byte of the file that any segment has.</param>
internal sealed record ImagePlan(
    ulong Bias, ImmutableArray<ImageStep> Steps, ulong End, ulong EntryPoint, ulong ProgramHeaders,
    ulong StartCode, ulong EndCode, ulong StartData, ulong EndData)
{
    private const ulong PageMask = KernelLayout.PageSize - 1;

    /// <summary>
    /// Bytes of address space from the first segment's page to the end of the last segment: what mmap is asked for when it decides about
    /// the place. It is not checked, and mmap's ENOMEM is the answer to a size that no address space has.
    /// </summary>
    public static ulong MappingSize(ElfFile file) =>
        file.Segments is [{ } first, ..] ? KernelLayout.PageUp(file.Segments[^1].Address + file.Segments[^1].MemorySize - first.FirstPage) : 0;

    /// <summary>What mmap's refusal means for an image that it should have placed.</summary>
    public static ElfFormatException NoRoom(ElfFile file) => new(
        $"{file.Name}, offset {file.ProgramHeaderOffset:x}h: it reaches over {MappingSize(file):x}h bytes, for which the address space has no room.",
        Errno.ENOMEM, endsProcess: true);

    /// <summary>The bias of an image whose first page mmap has put somewhere.</summary>
    public static ulong BiasAt(ElfFile file, ulong address) => address - file.Segments[0].FirstPage;

    /// <summary>
    /// The bias of an interpreter, or null when mmap decides about its place. A program that is not where its file says, and an interpreter
    /// whose file says no place, give mmap no hint.
    /// </summary>
    /// <param name="interpreter">The interpreter.</param>
    /// <param name="programBias">The program's bias.</param>
    /// <param name="hint">Where mmap puts the interpreter when that is free, or 0.</param>
    public static ulong? InterpreterBias(ElfFile interpreter, ulong programBias, out ulong hint)
    {
        bool placed = interpreter.IsPositionIndependent && interpreter.Segments.Count > 0;
        hint = placed && programBias == 0 ? interpreter.Segments[0].FirstPage : 0;
        return placed ? null : 0;
    }

    /// <summary>Plans a program.</summary>
    /// <param name="file">The program.</param>
    /// <param name="bias">What to add to its addresses.</param>
    /// <param name="layout">The address space.</param>
    /// <exception cref="ElfFormatException">It cannot stand there; the old address space is gone, so that SIGSEGV ends the process.</exception>
    public static ImagePlan OfProgram(ElfFile file, ulong bias, AddressSpaceLayout layout)
    {
        var planner = new ImagePlanner(file, bias, layout);
        foreach (ElfSegment segment in file.Segments)
        {
            planner.ZeroWhatPrecedes();
            planner.Map(segment, biasCounts: false, Errno.EINVAL);
        }

        planner.ZeroTheEnd();
        if (file.Interpreter is null)
            planner.CheckEntryPoint();
        return planner.Plan();
    }

    /// <summary>Plans an interpreter.</summary>
    /// <param name="file">The interpreter.</param>
    /// <param name="bias">What to add to its addresses.</param>
    /// <param name="layout">The address space.</param>
    /// <exception cref="ElfFormatException">It cannot stand there; the old address space is gone, so that SIGSEGV ends the process.</exception>
    public static ImagePlan OfInterpreter(ElfFile file, ulong bias, AddressSpaceLayout layout)
    {
        var planner = new ImagePlanner(file, bias, layout);
        planner.CheckInterpreter();
        foreach (ElfSegment segment in file.Segments)
            planner.Map(segment, biasCounts: true, Errno.ENOMEM);
        planner.ZeroTheEndOfInterpreter();
        planner.CheckEntryPoint();
        return planner.Plan();
    }

    /// <summary>Rounds down to a page.</summary>
    internal static ulong PageDown(ulong address) => address & ~PageMask;
}
