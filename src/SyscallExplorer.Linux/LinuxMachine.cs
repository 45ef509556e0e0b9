using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>Counts uses of hypercall figures.</summary>
public sealed class HypercallLedger
{
    private readonly SortedDictionary<string, long> _uses = new(StringComparer.Ordinal);

    /// <summary>Uses by the figure's key.</summary>
    public IReadOnlyDictionary<string, long> Uses => _uses;

    internal void AddOrUpdate(string key) => _uses[key] = _uses.GetValueOrDefault(key) + 1;
}

/// <summary>Everything of a machine that decides how it goes on. It can be restored any number of times, and into forks.</summary>
public sealed class LinuxSnapshot
{
    internal LinuxSnapshot(ProcessorSnapshot processor, PhysicalMemory memory, IReadOnlyList<object> devices, KernelState state) =>
        (Processor, Memory, Devices, State) = (processor, memory, devices, state);

    internal ProcessorSnapshot Processor { get; }

    internal PhysicalMemory Memory { get; }

    internal IReadOnlyList<object> Devices { get; }

    internal KernelState State { get; }
}

/// <summary>
/// An emulated machine with a booted kernel: processor, memory, the kernel's code in ring 0, and one task that a program can be loaded into.
/// </summary>
public sealed partial class LinuxMachine
{
    private readonly BootResult _boot;

    private LinuxMachine(KernelGeneration kernel, KernelOptions options, ulong seed, Processor processor, BootResult boot)
    {
        Kernel = kernel;
        Options = options;
        Seed = seed;
        _boot = boot;
        Processor = processor;
        Memory = new AddressSpace(this);
        Files = new FileTable(this);
        Frames = new PageFrames(this);
        SharedPages = new SharedPages(this);
        Tasks = new TaskTable(this);
        Scheduler = new Scheduler(this);
        Timers = new KernelTimers(this);
        Vfs = new VirtualFileSystem(this);
        Signals = new Signals(this);
        Futexes = new Futexes(this);
        RestartableSequences = new RestartableSequences(this);
        CpuClocks = new CpuClocks(this);
        IntervalTimers = new IntervalTimers(this);
        PosixTimers = new PosixTimers(this);
        TimerFiles = new TimerFiles(this);
        Tracer = new SyscallTracer(this);
        TraceStops = new TraceStops(this);
        Pipes = new Pipes(this);
        Epolls = new Epolls(this);
        Sockets = new Sockets(this);
        Processor.Hypercalls = new HypercallDispatcher(this);
    }

    /// <summary>The kernel.</summary>
    public KernelGeneration Kernel { get; }

    /// <summary>Its command line.</summary>
    public KernelOptions Options { get; }

    /// <summary>The seed of its random words.</summary>
    public ulong Seed { get; }

    /// <summary>The processor.</summary>
    public Processor Processor { get; }

    /// <summary>What boot switched on.</summary>
    public IReadOnlySet<KernelFeature> Features => _boot.Features;

    /// <summary>What hypercalls cost.</summary>
    public HypercallCosts Costs => _boot.Costs;

    internal KernelArchitecture Architecture => Kernel.Traits.Architecture;

    /// <summary>The page tables, in the kernel's format.</summary>
    internal PageTables PageTables => new(Processor.Bus.Ram, Frames, _boot.Paging);

    /// <summary>Counts the hypercalls from now on; null counts nothing.</summary>
    public HypercallLedger? HypercallLedger { get; set; }

    /// <summary>
    /// Where the program's standard streams lead. Null keeps what it writes in <see cref="Output"/> and <see cref="Error"/>, and gives it what
    /// it was loaded with. A fork has none.
    /// </summary>
    public IProgramStreams? Streams { get; set; }

    /// <summary>The argument of the program's exit, or null while it lives.</summary>
    public int? ExitStatus => State.ExitStatus;

    /// <summary>The exception that ended the program or the kernel, or null.</summary>
    public FatalReport? Fatal => State.Fatal;

    /// <summary>The signal that ended the program, by an exception or because it was sent, or null.</summary>
    public int? Signal => State.Refusal is not null ? null
        : State.Fatal is { Signal: > 0 } report ? report.Signal
        : State.KilledBy > 0 ? State.KilledBy : null;

    /// <summary>What the program wrote to standard output.</summary>
    public byte[] Output => State.Output.ToArray();

    /// <summary>What the program wrote to standard error.</summary>
    public byte[] Error => State.Error.ToArray();

    /// <summary>System calls that the kit has no handler for, by name, with how often each was asked for.</summary>
    public IReadOnlyDictionary<string, int> Unimplemented => State.Unimplemented;

    internal KernelState State { get; set; } = KernelState.Initial;

    internal AddressSpace Memory { get; }

    internal FileTable Files { get; }

    internal PageFrames Frames { get; }

    internal SharedPages SharedPages { get; }

    internal TaskTable Tasks { get; }

    internal Scheduler Scheduler { get; }

    internal KernelTimers Timers { get; }

    internal Signals Signals { get; }

    internal Futexes Futexes { get; }

    internal RestartableSequences RestartableSequences { get; }

    internal CpuClocks CpuClocks { get; }

    internal IntervalTimers IntervalTimers { get; }

    internal PosixTimers PosixTimers { get; }

    internal TimerFiles TimerFiles { get; }

    internal SyscallTracer Tracer { get; }

    /// <summary>The system calls of all programs as strace writes them, once <see cref="TraceSystemCalls"/> has been called; else null.</summary>
    public StraceLog? SystemCalls => State.Trace;

    /// <summary>
    /// Writes down all system calls from now on, at the kernel's own tracepoints: calls then go by the slow way of the tracers, as under a real one.
    /// </summary>
    /// <param name="options">How they are written; null means as <c>strace -f -o FILE</c> does.</param>
    public void TraceSystemCalls(StraceOptions? options = null) => Tracer.Start(options ?? StraceOptions.Default);
    internal Pipes Pipes { get; }

    internal Epolls Epolls { get; }

    internal Sockets Sockets { get; }

    /// <summary>Roots of the page tables that boot made; their kernel half is what every address space has.</summary>
    internal (ulong Kernel, ulong User) KernelRoots => _boot.Roots;

    /// <summary>SHA-256 of the images of the vDSO that its programs get, in hexadecimal.</summary>
    public string VdsoHash => Vdso.Hash;

    /// <summary>Images that <see cref="Boot"/> was given in the place of the kit's own.</summary>
    public IReadOnlyList<Vdso> GivenVdso =>
        [.. new[] { Vdso.Wide, Vdso.Narrow, Vdso.X32 }.OfType<Vdso>().Where(image => image.IsForeign || image.Release != Kernel.Release)];

    /// <summary>The images that its programs get.</summary>
    internal VdsoSet Vdso => _boot.Vdso;

    /// <summary>The current task. While the processor idles, the first one.</summary>
    internal TaskState Task
    {
        get => Tasks.Find(Tasks.CurrentId) ?? State.Tasks.Values.First();
        set => Tasks.Set(value);
    }

    /// <summary>The current task's process.</summary>
    internal ProcessState Process
    {
        get => State.Processes[Task.Process];
        set => Tasks.Set(value);
    }

    /// <summary>What is at the vsyscall page's address.</summary>
    internal VsyscallMode Vsyscall => Options.VsyscallIn(Kernel.Traits.Version);

    /// <summary>Whether the kernel runs programs of a word size: 32-bit ones only without <c>ia32_emulation=off</c>, and a 32-bit kernel no others. x32 counts as 64-bit.</summary>
    internal bool Runs(int bitness, bool isX32) => Kernel.Is32Bit ? bitness == 32 && !isX32 : bitness == 64 || isX32 || Features.Contains(KernelFeature.Ia32Emulation);

    internal bool IsInCompatCall => Tasks.Current.IsInCompatCall;

    /// <summary>What its programs may use. A fork takes the limits over.</summary>
    public ProgramLimits Limits { get; set; } = ProgramLimits.Default;

    /// <summary>Boots a kernel on a processor.</summary>
    /// <param name="kernel">Which kernel.</param>
    /// <param name="cpu">Which processor.</param>
    /// <param name="options">Its command line.</param>
    /// <param name="seed">For what is random in the guest.</param>
    /// <param name="limits">What its programs may use.</param>
    /// <param name="vdso">Images that stand in the place of the kit's own, at most one for each width; see <see cref="Linux.Vdso"/>.</param>
    /// <exception cref="ArgumentException">The processor lacks what the kernel needs; the message says what.</exception>
    public static LinuxMachine Boot(KernelGeneration kernel, CpuModel cpu, KernelOptions options, ulong seed = 0, ProgramLimits? limits = null,
        IReadOnlyList<Vdso>? vdso = null)
    {
        options.CheckFor(kernel.Traits.Version);
        BootRequirements.Check(kernel, cpu);
        KernelArchitecture architecture = kernel.Traits.Architecture;
        IReadOnlySet<KernelFeature> features = options.FeaturesFor(cpu, kernel.Traits.Version);
        PageTableFormat paging = features.Contains(KernelFeature.La57) ? PageTableFormat.FiveLevels : PageTableFormat.FourLevels;
        if (architecture.IsNative32)
            (features, paging) = I386Boot.Choose(cpu, features);
        VdsoSet images = VdsoSet.Of(kernel, options, features, vdso ?? []);
        Processor processor = MakeProcessor(cpu, new PhysicalMemory(architecture.RamSize));
        (ulong nextFrame, ulong kernelRoot, ulong userRoot) = architecture.IsNative32
            ? new I386Boot(processor, kernel, features, images, paging, seed).Run()
            : new BootSequence(processor, kernel, features, images, options.VsyscallIn(kernel.Traits.Version), seed).Run();
        var boot = new BootResult(features, HypercallCosts.Load("linux-5.13"), (kernelRoot, userRoot), images, paging);
        var machine = new LinuxMachine(kernel, options, seed, processor, boot) { Limits = limits ?? ProgramLimits.Default };
        var map = new MemoryMap { Id = 1, KernelRoot = kernelRoot, UserRoot = userRoot, Frame = KernelLayout.MapPhysical };
        machine.State = machine.State with { NextFrame = nextFrame, NextObject = map.Id + 1, Maps = machine.State.Maps.Add(map.Id, map) };
        machine.State = machine.State with { AddressSpaceIdentifiers = machine.State.AddressSpaceIdentifiers.SetItem(0, map.Id), NextIdentifier = 1 };
        machine.State = machine.State with { Tree = InitialFiles.Tree(new EmulatedTime(machine).WallClock) };
        machine.Tasks.AddFirst(map.Id);
        return machine;
    }

    /// <summary>Without a local APIC the board has the interrupt controllers of a PC/AT.</summary>
    private static Processor MakeProcessor(CpuModel cpu, PhysicalMemory memory)
    {
        if (cpu.Has(CpuFeature.Apic))
            return new Processor(cpu, new Bus(memory));
        var controllers = new AtInterrupts(cpu);
        var processor = new Processor(cpu, new Bus(memory, controllers.Devices));
        controllers.Connect(processor);
        return processor;
    }

    /// <summary>A machine that goes on from here by itself. Memory is shared until either side writes.</summary>
    public LinuxMachine Fork()
    {
        LinuxSnapshot snapshot = Capture();
        Processor processor = MakeProcessor(Processor.Model, snapshot.Memory.Fork());
        var fork = new LinuxMachine(Kernel, Options, Seed, processor, _boot) { Limits = Limits };
        fork.Processor.Restore(snapshot.Processor);
        fork.Processor.Bus.RestoreDevices(snapshot.Devices);
        fork.State = snapshot.State;
        return fork;
    }

    /// <summary>The machine as it is now.</summary>
    public LinuxSnapshot Capture()
    {
        PhysicalMemory memory = Processor.Bus.Ram.Fork();
        Processor.ForgetHostPages();
        return new LinuxSnapshot(Processor.Capture(), memory, Processor.Bus.CaptureDevices(), State);
    }

    /// <summary>Goes back to a snapshot of this machine or of a fork of it.</summary>
    public void Restore(LinuxSnapshot snapshot)
    {
        Processor.Bus.Ram.CopyFrom(snapshot.Memory);
        Processor.Restore(snapshot.Processor);
        Processor.Bus.RestoreDevices(snapshot.Devices);
        State = snapshot.State;
    }

    /// <summary>Gives the task a program, as execve does. The kernel's way back to user mode then starts it.</summary>
    /// <param name="program">The program.</param>
    /// <param name="input">What it reads from standard input.</param>
    /// <exception cref="InvalidOperationException">The machine runs a program already.</exception>
    public void Load(UserProgram program, ReadOnlySpan<byte> input = default)
    {
        CheckNoProgram();
        new ProgramLoader(this).Load(program, input);
    }

    /// <summary>Gives the task a static ELF program, as execve does. The kernel's way back to user mode then starts it.</summary>
    /// <param name="program">The program with its arguments and environment.</param>
    /// <param name="input">What it reads from standard input, unless <see cref="Streams"/> are set: then those are asked.</param>
    /// <exception cref="InvalidOperationException">The machine runs a program already, or its RAM has no room for this one.</exception>
    /// <exception cref="ElfFormatException">A segment cannot stand where it wants to.</exception>
    public void Load(ElfProgram program, ReadOnlySpan<byte> input = default)
    {
        CheckNoProgram();
        new ProgramLoader(this).Load(program, Streams is null ? FileContent.Of(input) : null);
    }

    /// <summary>Runs the machine.</summary>
    /// <exception cref="InvalidOperationException">No program is loaded.</exception>
    public RunResult Run(RunLimits limits)
    {
        var trace = new NoTrace();
        return Run(limits, ref trace);
    }

    /// <summary>Runs the machine with a trace.</summary>
    /// <exception cref="InvalidOperationException">No program is loaded.</exception>
    public RunResult Run<TTrace>(RunLimits limits, ref TTrace trace) where TTrace : struct, IInstructionTrace
    {
        if (!State.HasProgram)
            throw new InvalidOperationException("The machine has no program: load one first.");
        if (DescribeEnd() is { } end)
            return new RunResult(StopReason.Hypercall, 0, 0, end);
        RunResult result = Processor.Run(limits, ref trace);
        return DescribeEnd() is { } message ? result with { Message = message } : result;
    }

    /// <summary>Whether nothing more will happen.</summary>
    public bool IsOver => DescribeEnd() is not null || Processor.Registers.IsShutDown;

    /// <summary>An address with the kernel's symbol where it has one.</summary>
    public string SymbolText(ulong address) =>
        Kernel.Image.SymbolAt(address) is (string name, ulong offset) ? $"{name}+0x{offset:x} ({address:x}h)" : $"{address:x}h";

    /// <summary>The kernel symbol and distance of an address, or null outside the kernel's code.</summary>
    public (string Name, ulong Offset)? SymbolAt(ulong address) => Kernel.Image.SymbolAt(address);

    /// <summary>The phase and origin of the kernel's code at an address; no phase means that of the caller.</summary>
    public (Phase? Phase, CodeOrigin Origin) CodeAt(ulong address) =>
        address - Architecture.Modules < KernelLayout.ModulesSize ? (new Phase(PhaseKind.Handler), CodeOrigin.Composed) : Kernel.Image.CodeAt(address, Features);

    /// <summary>All places of the kernel's code that boot may patch, with their bytes before and after.</summary>
    public IReadOnlyList<PatchedCode> Alternatives =>
    [
        .. Kernel.Image.Alternatives.OrderBy(alternative => alternative.Address).Select(alternative => new PatchedCode(
            SymbolText(alternative.Address), alternative.Address, alternative.Feature, Features.Contains(alternative.Feature), alternative.Original,
            alternative.Replacement)),
    ];

    /// <summary>The address of a kernel symbol.</summary>
    /// <exception cref="ArgumentException">The kernel has no such symbol; the message names the nearest.</exception>
    public ulong AddressOf(string symbol) =>
        Kernel.Image.Symbols.TryGetValue(symbol, out ulong address)
            ? address
            : throw new ArgumentException(
                $"{Kernel} has no symbol '{symbol}'.{Suggestion.Question(symbol, Kernel.Image.Symbols.Keys)}", nameof(symbol));

    /// <summary>Whether the kernel has a symbol.</summary>
    public bool HasSymbol(string symbol) => Kernel.Image.Symbols.ContainsKey(symbol);

    /// <summary>The registers with which the current task came into the kernel, which lie at the top of its stack. A partial frame has gaps.</summary>
    public PtRegs ReadCallRegisters() => ReadPtRegs(Tasks.Current.Registers);

    /// <summary>Reads a <c>struct pt_regs</c> from the kernel's memory.</summary>
    public PtRegs ReadPtRegs(ulong address)
    {
        byte[] bytes = new byte[Architecture.RegistersSize];
        ReadKernel(address, bytes);
        if (Architecture.IsNative32)
            return new PtRegs(address, I386Registers.Widen(bytes));
        ulong[] words = new ulong[PtRegsOffsets.Size / 8];
        for (int i = 0; i < words.Length; i++)
            words[i] = HoldsSelector(i * 8) ? BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(i * 8)) : BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(i * 8));
        return new PtRegs(address, words);
    }

    /// <summary>Reads memory through the current page tables, whatever its rights, without side effects.</summary>
    /// <exception cref="ArgumentException">The address is not mapped.</exception>
    public void ReadKernel(ulong address, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            if (!Processor.TryTranslate(address, out ulong physical))
                throw new ArgumentException($"The address {address:x}h is not mapped.", nameof(address));
            int count = (int)Math.Min((ulong)destination.Length, KernelLayout.PageSize - address % KernelLayout.PageSize);
            Processor.Bus.Ram.Read(physical, destination[..count]);
            destination = destination[count..];
            address += (ulong)count;
        }
    }

    /// <summary>Writes the kernel's memory through the current page tables, whatever its rights.</summary>
    internal void WriteKernel(ulong address, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            if (!Processor.TryTranslate(address, out ulong physical))
                throw new ArgumentException($"The address {address:x}h is not mapped.", nameof(address));
            int count = (int)Math.Min((ulong)source.Length, KernelLayout.PageSize - address % KernelLayout.PageSize);
            Processor.Bus.Ram.Write(physical, source[..count]);
            source = source[count..];
            address += (ulong)count;
        }
    }

    internal void WriteKernel(ulong address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        WriteKernel(address, bytes);
    }

    /// <summary>Writes a word of the kernel's width.</summary>
    internal void WriteKernelWord(ulong address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        WriteKernel(address, bytes[..Architecture.WordSize]);
    }

    /// <summary>Writes a <c>struct pt_regs</c> where it was read.</summary>
    internal void WritePtRegs(PtRegs registers)
    {
        byte[] bytes = new byte[Architecture.RegistersSize];
        ReadKernel(registers.Address, bytes);
        if (Architecture.IsNative32)
        {
            I386Registers.Narrow(registers, bytes);
            WriteKernel(registers.Address, bytes);
            return;
        }

        for (int i = 0; i < registers.Words.Count; i++)
        {
            if (HoldsSelector(i * 8))
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 8), (ushort)registers.Words[i]);
            else
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * 8), registers.Words[i]);
        }

        WriteKernel(registers.Address, bytes);
    }

    /// <summary>Whether a word of <c>struct pt_regs</c> is 16 bits and others that are not the program's: see <see cref="FredEvent"/>.</summary>
    private bool HoldsSelector(int offset) => Kernel.Traits.HasFred && offset is PtRegsOffsets.Cs or PtRegsOffsets.Ss;

    /// <summary>A page was given on demand.</summary>
    internal void CountFault()
    {
        TaskState task = Task;
        Task = task with { Times = task.Times with { MinorFaults = task.Times.MinorFaults + 1 } };
    }

    /// <summary>A limit is reached: the run ends with a sentence that says which.</summary>
    internal void Exceeded(LimitKind kind)
    {
        if (State.Refusal is null)
            State = State with { Refusal = Limits.Sentence(kind, $"by process {Task.Process} ({Task.CommandName})") };
    }

    /// <summary>No task can run: the processor halts until the next time at which there is something to do. Without one the run is over.</summary>
    internal void EnterIdle()
    {
        Timers.StopTick();
        if (Timers.Next is { } next && next <= new EmulatedTime(this).Longest)
        {
            Timers.Program();
            return;
        }

        IEnumerable<string> sleepers = State.Tasks.Values.Where(task => task is { State: RunState.Sleeping })
            .Select(task => $"{(task.Id == task.Process ? "process" : "thread")} {task.Id} ({task.CommandName}) waits for {task.Wait?.What}");
        State = State with { Refusal = $"Nothing in the machine can go on: {string.Join("; ", sleepers)}." };
    }

    /// <summary>1/256 cycles that a process has run, the threads that are gone included.</summary>
    internal long RunningClock(ProcessState process)
    {
        Scheduler.Account();
        return process.EndedThreads.Running + process.Threads.Sum(id => Tasks.Find(id)?.Times.Running ?? 0);
    }

    /// <summary>The next switch to the user's page tables of an identifier flushes what it has cached.</summary>
    internal void RequestUserFlush(int kernelPcid)
    {
        const ulong mask = KernelLayout.PerCpuPhysical + PerCpuOffsets.UserPcidFlushMask;
        if (Features.Contains(KernelFeature.Pti))
            Processor.Bus.Ram.WriteUInt64(mask, Processor.Bus.Ram.ReadUInt64(mask) | (1ul << kernelPcid));
    }

    /// <summary>Standard input, which is asked for now if it was not before.</summary>
    internal FileContent TakeInput()
    {
        if (State.Input is { } there)
            return there;
        FileContent content = Streams is { } streams ? FileContent.Of(streams.ReadInput()) : FileContent.Empty;
        State = State with { Input = content };
        return content;
    }

    /// <summary>Counts a system call, or a part of one, that the kit does not have.</summary>
    internal void CountMissing(string name) =>
        State = State with { Unimplemented = State.Unimplemented.SetItem(name, State.Unimplemented.GetValueOrDefault(name) + 1) };

    private void CheckNoProgram()
    {
        if (State.HasProgram)
            throw new InvalidOperationException("This machine has a program already: fork it before a program is loaded, or boot another.");
    }

    private string? DescribeEnd() =>
        State.Refusal ?? (State.Fatal is { Signal: 0 } panic ? panic.Title : null)
        ?? (State.Tasks.Values.Any(task => task.IsAlive) ? null
            : State.Fatal?.Title is { } title ? title
            : State.KilledBy > 0 ? $"The program was killed by {SignalNumbers.Name(State.KilledBy)}."
            : State.ExitStatus is { } status ? $"The program exited with status {status}." : null);

    private sealed record BootResult(IReadOnlySet<KernelFeature> Features, HypercallCosts Costs, (ulong Kernel, ulong User) Roots, VdsoSet Vdso, PageTableFormat Paging);
}
