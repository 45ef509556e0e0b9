using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>Where a program begins.</summary>
/// <param name="EntryPoint">Its first instruction, or its interpreter's.</param>
/// <param name="StackPointer">Its first stack pointer.</param>
internal sealed record ProgramImage(ulong EntryPoint, ulong StackPointer);

/// <summary>Puts a program, its interpreter and its first stack into an empty address space.</summary>
internal sealed class ProgramImageBuilder(LinuxMachine machine, AddressSpace memory)
{
    /// <summary>Builds it.</summary>
    /// <exception cref="ElfFormatException">A part cannot stand where it wants to, or RAM is used up.</exception>
    public ProgramImage Build(FoundProgram program)
    {
        ElfFile file = program.File;
        Personality personality = machine.Process.Personality.Under(file);
        var random = new ExecRandomness(machine.Seed, machine.State.Executions);
        machine.State = machine.State with { Executions = machine.State.Executions + 1 };
        AddressSpaceLayout layout = AddressSpaceLayout.Of(new AddressSpaceRequest
        {
            Bitness = file.Bitness,
            Personality = personality,
            RandomizeVaSpace = machine.Options.RandomizeVaSpace,
            StackLimit = machine.Process.LimitOf(ResourceLimit.Stack).Soft,
            Random = random,
            Limit32 = machine.Architecture.Limit32,
        });
        Describe(program, layout);
        bool executableStack = layout.ReadImpliesExecute || file.ExecutableStack == true;
        ulong stringsStart = InitialStack.StringsStart(layout, program.Strings);
        memory.Add(new VmArea(layout.StackStart(stringsStart), layout.StackTop, true, true, executableStack, "[stack]") { GrowsDown = true });

        ulong bias = layout.BiasOf(file) ?? ImagePlan.BiasAt(file, memory.FindGap(ImagePlan.MappingSize(file)) ?? throw ImagePlan.NoRoom(file));
        ImagePlan plan = ImagePlan.OfProgram(file, bias, layout);
        Map(plan, file, program.Place);
        ImagePlan? interpreter = MapInterpreter(program, bias, layout);
        memory.Map = memory.Map with
        {
            BreakStart = layout.BreakStart(file, plan.End),
            Break = layout.BreakStart(file, plan.End),
            Code = (plan.StartCode, plan.EndCode),
            DataStart = plan.StartData,
            DataEnd = plan.EndData,
        };
        ulong? vdso = machine.Vdso.Map(machine.Processor.Bus.Ram, memory, size => PlaceOfVdso(layout, stringsStart, size));
        return WithStack(program, plan, layout, random, interpreter, vdso);
    }

    private ulong? PlaceOfVdso(AddressSpaceLayout layout, ulong stringsStart, ulong size)
    {
        ulong? hint = VdsoGeneration.Of(machine.Kernel.Release).StandsAboveStack ? layout.VdsoHint(stringsStart, size) : null;
        return hint is { } there && memory.IsFree(there, there + size) ? there : memory.FindGap(size);
    }

    private void Describe(FoundProgram program, AddressSpaceLayout layout) => memory.Map = memory.Map with
    {
        Bitness = program.File.Bitness,
        IsX32 = program.File.IsX32,
        ReadImpliesExecute = layout.ReadImpliesExecute,
        Mmap = layout.Mmap,
        StackStart = layout.StackTop,
        Executable = machine.Vfs.PathOf(program.Place),
        ExecutableFile = program.Place,
    };

    private ImagePlan? MapInterpreter(FoundProgram program, ulong programBias, AddressSpaceLayout layout)
    {
        if (program is not { Interpreter: { } file, InterpreterPlace: { } place })
            return null;
        ulong size = ImagePlan.MappingSize(file);
        ulong bias = ImagePlan.InterpreterBias(file, programBias, out ulong hint)
            ?? ImagePlan.BiasAt(file, hint >= AddressSpace.LowestAddress && memory.IsFree(hint, hint + size) ? hint : memory.FindGap(size) ?? throw ImagePlan.NoRoom(file));
        ImagePlan plan = ImagePlan.OfInterpreter(file, bias, layout);
        Map(plan, file, place);
        return plan;
    }

    private void Map(ImagePlan plan, ElfFile file, VfsLocation place)
    {
        string name = machine.Vfs.PathOf(place);
        foreach (ImageStep step in plan.Steps)
        {
            if (step is ZeroBytes)
            {
                if (memory.AreaOf(step.Start) is { Writable: true })
                    Force(step.Start, new byte[step.End - step.Start], file);
                continue;
            }

            CheckRange(step, file);
            memory.Unmap(step.Start, step.End);
            memory.Add(step is FilePages pages
                ? new VmArea(step.Start, step.End, pages.Readable || pages.Writable || pages.Executable, pages.Writable, pages.Executable, name)
                {
                    Backing = new FileBacking(place.Node),
                    Offset = (long)pages.Offset,
                }
                : new VmArea(step.Start, step.End, true, true, step is ZeroPages { Executable: true }, ""));
        }
    }

    private void CheckRange(ImageStep step, ElfFile file)
    {
        string? taken = memory.Map.Areas.FirstOrDefault(area => area.Name is "[stack]" && area.Start < step.End && area.End > step.Start)?.Name;
        if (step.Start >= AddressSpace.LowestAddress && step.End <= memory.Limit && taken is null)
            return;
        throw new ElfFormatException(
            $"{file.Name}: a segment for {step.Start:x}h to {step.End:x}h cannot be mapped{(taken is null ? "" : $", where the kernel has {taken}")}: "
            + $"a program's addresses go from {AddressSpace.LowestAddress:x}h to {memory.Limit:x}h.", Errno.EPERM, endsProcess: true);
    }

    private ProgramImage WithStack(FoundProgram program, ImagePlan plan, AddressSpaceLayout layout, ExecRandomness random, ImagePlan? interpreter, ulong? vdso)
    {
        const ulong userMayUseFsGsBase = 1 << 1;
        const uint features = 1;
        ulong capabilities = machine.Processor.Model.Cpuid(features, 0).Edx;
        ulong moreCapabilities = machine.Features.Contains(KernelFeature.Fsgsbase) ? userMayUseFsGsBase : 0;
        var identity = new StartIdentity(TaskIdentity.Uid, TaskIdentity.Uid, TaskIdentity.Gid, TaskIdentity.Gid);
        InitialStack content = InitialStack.Build(
            StartOfProcess.Of(program.File, plan, layout, program.Strings, identity, random, (capabilities, moreCapabilities), interpreter) with
            {
                Vdso = vdso,
                KernelVsyscall = program.File is { Bitness: 32, IsX32: false } && vdso is { } text ? text + machine.Vdso.Narrow?.OffsetOf(KernelEntryStubs.Vsyscall) : null,
            });
        Force(content.Pointer, content.Content, program.File);
        memory.Map = memory.Map with
        {
            Arguments = (content.Arguments.Start, content.Arguments.End),
            Environment = (content.Environment.Start, content.Environment.End),
            AuxiliaryVector = content.AuxiliaryBytes,
        };
        return new ProgramImage(interpreter?.EntryPoint ?? plan.EntryPoint, content.Pointer);
    }

    private void Force(ulong address, ReadOnlySpan<byte> bytes, ElfFile file)
    {
        if (!memory.TryForce(address, bytes))
            throw new ElfFormatException($"{file.Name}: it needs more than the {machine.Limits.MemoryBytes >> 20} MiB of memory that programs may use.", Errno.ENOMEM, endsProcess: true);
    }
}
