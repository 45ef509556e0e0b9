using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Iced.Intel;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>
/// An emulated machine with a booted kernel, to measure, trace and run programs on. Measurements work on forks and leave the lab as it
/// is; <see cref="Load(UserProgram, string)"/>, <see cref="Step"/> and <see cref="Continue"/> work on the lab itself.
/// </summary>
public sealed partial class Lab : IHasInputs
{
    /// <summary>How far an ELF program may go unless told otherwise: some twenty minutes of this computer's time.</summary>
    public const long DefaultProgramLimit = 100_000_000_000;

    private const long DefaultInstructionLimit = 50_000_000;

    private Lab(LinuxMachine machine, TimingDepth depth)
    {
        Machine = machine;
        Depth = depth;
        Inputs = MakeInputs(machine, depth);
    }

    /// <summary>
    /// How <see cref="Compare"/> and <see cref="Trace"/> count cycles: at the Pipeline depth, unless another was asked for. Programs run at the Table depth,
    /// which is many times faster.
    /// </summary>
    public TimingDepth Depth { get; }

    /// <summary>The machine itself.</summary>
    public LinuxMachine Machine { get; }

    /// <inheritdoc/>
    public LabInputs Inputs { get; }

    /// <summary>The kernel.</summary>
    public KernelGeneration Kernel => Machine.Kernel;

    /// <summary>The processor.</summary>
    public CpuModel Cpu => Machine.Processor.Model;

    /// <summary>
    /// The paths into the kernel that this processor and this boot have, the oldest first; without <see cref="EntryPath.Int80From64Bit"/>, which is for the curious.
    /// </summary>
    public IReadOnlyList<EntryPath> Paths =>
        PathKind.All.Where(kind => kind.ExistsOn(Kernel, Cpu) && kind.Path != EntryPath.Int80From64Bit && (Kernel.Is32Bit || !kind.Uses32BitTable || Machine.Features.Contains(KernelFeature.Ia32Emulation)))
            .Select(kind => kind.Path).ToList();

    /// <summary>Boots a kernel on a processor.</summary>
    /// <param name="kernel">Such as <see cref="Kernels.Linux_5_13"/>.</param>
    /// <param name="cpu">Such as <see cref="Cpus.Skylake"/>.</param>
    /// <param name="commandLine">The kernel's options as Linux writes them, such as <c>pti=off</c>.</param>
    /// <param name="seed">For what is random in the guest.</param>
    /// <param name="vdso">Images of real kernels that stand in the place of the kit's own vDSO; see <see cref="Vdso.FromFile"/>.</param>
    /// <param name="depth">How comparisons and traces count cycles.</param>
    /// <exception cref="ArgumentException">An option is unknown, and the message names the nearest; or an image does not fit the kernel.</exception>
    public static Lab Boot(
        KernelGeneration kernel, CpuModel cpu, string commandLine = "", ulong seed = 0, IReadOnlyList<Vdso>? vdso = null, TimingDepth depth = TimingDepth.Pipeline) =>
        new(LinuxMachine.Boot(kernel, cpu, KernelOptions.Parse(commandLine), seed, vdso: vdso), depth);

    /// <summary>Boots a kernel on a processor, both by their names.</summary>
    /// <exception cref="ArgumentException">A name or an option is unknown; the message names the nearest.</exception>
    public static Lab Boot(string kernel, string cpu, string commandLine = "", ulong seed = 0) =>
        Boot(Kernels.Find(kernel), Cpus.Find(cpu), commandLine, seed);

    /// <summary>Measures one system call by several paths.</summary>
    /// <param name="syscall">Such as <see cref="Syscalls.GetPid"/> or the name of a call without arguments.</param>
    /// <param name="paths">Which paths; none means all of <see cref="Paths"/>.</param>
    /// <exception cref="ArgumentException">The processor has no such path, or the kernel no such call; the message says what there is.</exception>
    public Comparison Compare(SyscallRequest syscall, params EntryPath[] paths)
    {
        List<PathCost> rows = (paths.Length == 0 ? Paths : paths).Select(path => PathMeter.Measure(ForkFor(path), path, syscall)).ToList();
        return new Comparison(MeasuredWith(syscall.ToString()), syscall.Name, rows, PathDifferences.Of(rows));
    }

    /// <summary>Measures a loop of the author's own instructions: a call of the vDSO, some instructions of which one wants to know what they cost.</summary>
    /// <param name="label">What to call it.</param>
    /// <param name="body">Writes what is done in each round. It may use all registers; the loop itself counts in memory, which costs a cycle or two.</param>
    /// <param name="bitness">32 or 64.</param>
    /// <exception cref="ArgumentException">The code cannot be assembled.</exception>
    /// <exception cref="InvalidOperationException">The loop did not come to its end.</exception>
    public LoopCost Measure(string label, Action<Assembler> body, int bitness = 64) => Measure(label, body, bitness, countsInRegister: false);

    /// <summary>The same, with a choice of where the loop counts.</summary>
    internal LoopCost Measure(string label, Action<Assembler> body, int bitness, bool countsInRegister)
    {
        SyscallTable table = bitness == 64 ? Kernel.Table64 : Kernel.Table32;
        var scenario = LoopScenario.Create(label, body, bitness, table["exit_group"].Number, countsInRegister);
        LinuxMachine fork = Machine.Fork();
        fork.Processor.TimingDepth = Depth;
        return PathMeter.Measure(fork, scenario, MeasuredWith(Convert.ToHexString(scenario.Program.Code.ToArray())));
    }

    /// <summary>Records every instruction of one round trip of a system call, getpid unless another is asked for.</summary>
    /// <exception cref="ArgumentException">The processor has no such path, or the kernel no such call; the message says what there is.</exception>
    public Trace Trace(EntryPath path, SyscallRequest? syscall = null)
    {
        SyscallRequest request = syscall ?? Syscalls.GetPid;
        return PathTracer.Record(ForkFor(path), MeasuredWith(request.ToString()), path, request);
    }

    /// <summary>Runs a program, written with Iced's assembler, on a fork of the lab.</summary>
    /// <param name="program">Writes its instructions.</param>
    /// <param name="bitness">32 or 64.</param>
    /// <param name="input">What it reads from standard input.</param>
    /// <param name="maxInstructions">How far it may go.</param>
    /// <exception cref="ArgumentException">The program cannot be assembled.</exception>
    public ProgramRun Run(Action<Assembler> program, int bitness = 64, string input = "", long maxInstructions = DefaultInstructionLimit) =>
        Run(UserProgram.Assemble(program, bitness), input, maxInstructions);

    /// <summary>Runs a program given as machine code on a fork of the lab.</summary>
    /// <param name="code">Its bytes.</param>
    /// <param name="bitness">32 or 64.</param>
    /// <param name="input">What it reads from standard input.</param>
    /// <param name="maxInstructions">How far it may go.</param>
    /// <exception cref="ArgumentException">The code is empty or too long.</exception>
    public ProgramRun Run(byte[] code, int bitness = 64, string input = "", long maxInstructions = DefaultInstructionLimit) =>
        Run(UserProgram.FromBytes(code, bitness), input, maxInstructions);

    /// <summary>Runs a program on a fork of the lab.</summary>
    public ProgramRun Run(UserProgram program, string input = "", long maxInstructions = DefaultInstructionLimit)
    {
        LinuxMachine fork = Machine.Fork();
        fork.Load(program, Encoding.UTF8.GetBytes(input));
        RunResult result = fork.Run(RunLimits.Instructions(maxInstructions));
        return ProgramRuns.Describe(fork, result, InputsWith(Convert.ToHexString(program.Code.ToArray()), input));
    }

    /// <summary>Runs a static ELF file, 32-bit or 64-bit, on a fork of the lab. <see cref="Run(ProgramRequest)"/> takes dynamic ones too.</summary>
    /// <param name="program">The file on this computer; the guest sees its name.</param>
    /// <param name="arguments">Its arguments, without its own name.</param>
    /// <param name="input">What it reads from standard input.</param>
    /// <param name="environment">Strings such as HOME=/; none unless given.</param>
    /// <param name="maxInstructions">How far it may go.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ElfFormatException">It is no static program for x86; the message says what is wrong and what would be right.</exception>
    public ProgramRun Run(
        string program, string[]? arguments = null, string input = "", string[]? environment = null, long maxInstructions = DefaultProgramLimit)
    {
        var request = new ProgramRequest(program, arguments ?? []) { Environment = environment ?? [], RunLimits = RunLimits.Instructions(maxInstructions) };
        return Run(request.WithInput(input));
    }

    /// <summary>Runs a program with all that <c>sysx exec</c> can give it, on a fork of the lab.</summary>
    /// <param name="request">The program, what it is given and what it may use.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such root.</exception>
    /// <exception cref="ElfFormatException">It is no program that the machine can start; the message says what is wrong and what would be right.</exception>
    /// <exception cref="ArgumentException">The arguments and the environment are too long, or one of the strings has a zero within.</exception>
    public ProgramRun Run(ProgramRequest request)
    {
        LoadedProgram program = LoadedProgram.Load(Machine.Fork(), request);
        RunResult result = program.Machine.Run(request.RunLimits);
        return program.Describe(result, InputsWith(program.Inputs()));
    }

    /// <summary>
    /// Runs a program as <see cref="Run(ProgramRequest)"/> does, and watches every instruction: which system calls it makes, where its cycles
    /// go, when its tasks run and what is mapped. The machine does not notice: the run has the same cycles as one that nobody watches.
    /// </summary>
    /// <param name="request">The program, what it is given and what it may use.</param>
    /// <param name="options">What is kept; null keeps what most readers want.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such root.</exception>
    /// <exception cref="ElfFormatException">It is no program that the machine can start; the message says what is wrong and what would be right.</exception>
    /// <exception cref="ArgumentException">The arguments and the environment are too long, or one of the strings has a zero within.</exception>
    public ProgramObservation Observe(ProgramRequest request, ObservationOptions? options = null)
    {
        LoadedProgram program = LoadedProgram.Load(Machine.Fork(), request);
        var observer = new ProgramObserver(program.Machine, options ?? ObservationOptions.Default);
        RunResult result = observer.Run(request.RunLimits);
        return observer.Result(request.ToString(), program.Describe(result, InputsWith(program.Inputs())));
    }

    /// <summary>Runs a program written with Iced's assembler, and watches every instruction of it.</summary>
    /// <param name="program">Writes its instructions.</param>
    /// <param name="bitness">32 or 64.</param>
    /// <param name="input">What it reads from standard input.</param>
    /// <param name="options">What is kept; null keeps what most readers want.</param>
    /// <exception cref="ArgumentException">The program cannot be assembled.</exception>
    public ProgramObservation Observe(Action<Assembler> program, int bitness = 64, string input = "", ObservationOptions? options = null) =>
        Observe(ProgramRequest.Assemble(program, bitness).WithInput(input), options);

    /// <summary>The same kernel on the same processor, booted anew with another command line or seed.</summary>
    /// <param name="commandLine">The kernel's options, such as <c>norandmaps</c>; null leaves them as they are.</param>
    /// <param name="seed">For what is random in the guest; null leaves it as it is.</param>
    /// <param name="depth">How comparisons and traces count cycles; null leaves it as it is.</param>
    /// <exception cref="ArgumentException">An option is unknown; the message names the nearest.</exception>
    public Lab With(string? commandLine = null, ulong? seed = null, TimingDepth? depth = null) =>
        Boot(Kernel, Cpu, commandLine ?? Machine.Options.Text, seed ?? Machine.Seed, Machine.GivenVdso, depth ?? Depth);

    /// <summary>Runs a static ELF program on a fork of the lab.</summary>
    /// <param name="program">The program with its arguments and environment.</param>
    /// <param name="input">What it reads from standard input.</param>
    /// <param name="maxInstructions">How far it may go.</param>
    /// <exception cref="ElfFormatException">A segment cannot stand where it wants to.</exception>
    public ProgramRun Run(ElfProgram program, byte[] input, long maxInstructions = DefaultProgramLimit)
    {
        LinuxMachine fork = Machine.Fork();
        fork.Load(program, input);
        RunResult result = fork.Run(RunLimits.Instructions(maxInstructions));
        string[] inputs =
        [
            Convert.ToHexString(SHA256.HashData(program.File.Bytes)), program.Path, .. program.Arguments, "", .. program.Environment, "",
            Convert.ToHexString(SHA256.HashData(input)),
        ];
        return ProgramRuns.Describe(fork, result, InputsWith(inputs));
    }

    /// <summary>Loads a program into the lab itself, to step through it.</summary>
    /// <exception cref="InvalidOperationException">The lab has a program already.</exception>
    public void Load(UserProgram program, string input = "") => Machine.Load(program, Encoding.UTF8.GetBytes(input));

    /// <summary>Loads a program written with Iced's assembler into the lab itself.</summary>
    /// <exception cref="InvalidOperationException">The lab has a program already.</exception>
    public void Load(Action<Assembler> program, int bitness = 64, string input = "") => Load(UserProgram.Assemble(program, bitness), input);

    /// <summary>Executes a number of instructions of the lab's program.</summary>
    /// <exception cref="InvalidOperationException">No program is loaded.</exception>
    public RunResult Step(long instructions = 1) => Machine.Run(RunLimits.Instructions(instructions));

    /// <summary>Goes on with the lab's program.</summary>
    /// <exception cref="InvalidOperationException">No program is loaded.</exception>
    public ProgramRun Continue(long maxInstructions = DefaultInstructionLimit) =>
        ProgramRuns.Describe(Machine, Machine.Run(RunLimits.Instructions(maxInstructions)), Inputs);

    /// <summary>
    /// How an address is mapped now: every entry of the four or five levels with its bits, in the kernel's page tables and, with page-table isolation, in
    /// those of user mode. Nothing changes by it.
    /// </summary>
    /// <param name="address">A linear address of user or kernel memory, such as <c>lab.Machine.AddressOf("entry_SYSCALL_64")</c>.</param>
    /// <exception cref="ArgumentException">The address is not canonical.</exception>
    public PageMap Pages(ulong address) => new(
        InputsWith($"pages {address:x}"), address,
        [.. Machine.PageTableRoots.Select(root => new PageTableWalk(root, Machine.Processor.WalkOf(address, root.Address)))]);

    /// <summary>A lab that goes on from here by itself.</summary>
    public Lab Fork() => new(Machine.Fork(), Depth);

    /// <summary>The lab as it is now: processor, memory, kernel.</summary>
    public LinuxSnapshot Snapshot() => Machine.Capture();

    /// <summary>Goes back to a snapshot.</summary>
    public void Restore(LinuxSnapshot snapshot) => Machine.Restore(snapshot);

    /// <inheritdoc/>
    public override string ToString() => $"{Kernel} on {Cpu}" + (Inputs.CommandLine.Length > 0 ? $" ({Inputs.CommandLine})" : "");

    private LinuxMachine ForkFor(EntryPath path)
    {
        PathKind kind = PathKind.Of(path);
        if (!kind.ExistsOn(Kernel, Cpu))
            throw new ArgumentException(kind.Refusal(Kernel, Cpu), nameof(path));
        LinuxMachine fork = Machine.Fork();
        fork.Processor.TimingDepth = Depth;
        return fork;
    }

    private LabInputs MeasuredWith(string more) => Inputs with { Hash = Hash(Inputs.Hash, more) };

    /// <summary>Those of a program's run, which is counted at the Table depth.</summary>
    private LabInputs InputsWith(params string[] more) => Inputs with { TimingDepth = nameof(TimingDepth.Table), Hash = Hash([Inputs.Hash, nameof(TimingDepth.Table), .. more]) };

    private static LabInputs MakeInputs(LinuxMachine machine, TimingDepth depth)
    {
        string version = Assembly.GetExecutingAssembly().GetName().Version?.ToString(3) ?? "0";
        CpuModel cpu = machine.Processor.Model;
        string hash = Hash(
            machine.Kernel.Name, machine.Kernel.ImageHash, machine.VdsoHash, machine.Costs.DataHash, cpu.Name, cpu.Microarchitecture.DataHash,
            machine.Options.Text, machine.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture), depth.ToString(), version);
        return new LabInputs(machine.Kernel.Name, cpu.Name, machine.Options.Text, machine.Seed, depth.ToString(), version, hash);
    }

    private static string Hash(params string[] parts) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', parts)))).ToLowerInvariant();
}
