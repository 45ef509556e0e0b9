using Iced.Intel;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer;

/// <summary>What distinguishes the paths from a program's side.</summary>
/// <param name="Path">The path.</param>
/// <param name="Label">Its label in tables.</param>
/// <param name="Bitness">Of the program.</param>
/// <param name="Uses32BitTable">Whether numbers are those of the 32-bit table.</param>
internal sealed record PathKind(EntryPath Path, string Label, int Bitness, bool Uses32BitTable)
{
    public static IReadOnlyList<PathKind> All { get; } =
    [
        new(EntryPath.Int80, "int 0x80", 32, true),
        new(EntryPath.Sysenter, "SYSENTER", 32, true),
        new(EntryPath.SyscallCompat, "SYSCALL (32-bit)", 32, true),
        new(EntryPath.Syscall, "SYSCALL", 64, false),
        new(EntryPath.Int80From64Bit, "int 0x80 (64-bit)", 64, true),
    ];

    public static PathKind Of(EntryPath path) => All.First(kind => kind.Path == path);

    /// <summary>Whether a processor has the path on a kernel. A 32-bit kernel has SYSENTER wherever the processor has, and nothing of SYSCALL.</summary>
    public bool ExistsOn(KernelGeneration kernel, CpuModel cpu) => Path switch
    {
        EntryPath.Int80 => true,
        EntryPath.Sysenter when kernel.Is32Bit => cpu.Has(CpuFeature.Sep),
        _ when kernel.Is32Bit => false,
        EntryPath.Sysenter => cpu.HasLongModeSysenter,
        EntryPath.SyscallCompat => cpu.HasCompatibilitySyscall,
        _ => true,
    };

    /// <summary>The sentence for a path that a processor has not.</summary>
    public string Refusal(KernelGeneration kernel, CpuModel cpu) => Path switch
    {
        EntryPath.Sysenter when kernel.Is32Bit => $"{cpu} has no SYSENTER. Ask for EntryPath.Int80.",
        _ when kernel.Is32Bit => $"{kernel} is a 32-bit kernel, which programs enter by int 0x80 or SYSENTER. Ask for EntryPath.Int80 or EntryPath.Sysenter.",
        EntryPath.Sysenter => $"{cpu} has no SYSENTER in long mode, as no AMD processor has: 32-bit programs on its 64-bit kernel use SYSCALL instead. Ask for EntryPath.SyscallCompat.",
        EntryPath.SyscallCompat => $"{cpu} has no SYSCALL in compatibility mode, as no Intel processor has: 32-bit programs on its 64-bit kernel use SYSENTER instead. Ask for EntryPath.Sysenter.",
        _ => $"{cpu} has no path {Path}.",
    };
}

/// <summary>A program that makes the same call again and again by one path.</summary>
internal sealed class PathScenario
{
    private const int CounterOffset = 0xF000;
    private static readonly AssemblerRegister64[] Arguments64 = [rdi, rsi, rdx, r10, r8, r9];
    private static readonly AssemblerRegister32[] Arguments32 = [ebx, ecx, edx, esi, edi, ebp];

    private readonly SyscallRequest _request;
    private readonly ulong _vsyscall;
    private readonly int _calls;

    /// <summary>SYSENTER by the program itself, where <c>__kernel_vsyscall</c> has none.</summary>
    private readonly bool _hasOwnStub;
    private Label _stub;

    private PathScenario(KernelGeneration kernel, PathKind kind, SyscallRequest request, int number, SyscallTable table, int calls, bool hasOwnStub)
    {
        _vsyscall = kernel.Is32Bit ? UserSpace.NativeKernelVsyscall : UserSpace.KernelVsyscall;
        Kind = kind;
        _hasOwnStub = hasOwnStub;
        _request = request;
        _calls = calls;
        Program = Build(number, table, out ulong loopStart);
        LoopStart = loopStart;
    }

    public PathKind Kind { get; }

    public UserProgram Program { get; }

    /// <summary>Where each round begins.</summary>
    public ulong LoopStart { get; }

    /// <summary>Where the result of the last call lies.</summary>
    public static ulong ResultOffset => CounterOffset + 16;

    /// <summary>Makes the program.</summary>
    /// <exception cref="ArgumentException">The path's table has no such call, or there are too many arguments.</exception>
    public static PathScenario Create(LinuxMachine machine, EntryPath path, SyscallRequest request, int calls)
    {
        KernelGeneration kernel = machine.Kernel;
        PathKind kind = PathKind.Of(path);
        SyscallTable table = kind.Uses32BitTable ? kernel.Table32 : kernel.Table64;
        int number = request.Number ?? table[NameIn(table, request)].Number;
        if (request.Arguments.Count > Arguments64.Length)
            throw new ArgumentException($"{request} has {request.Arguments.Count} arguments; a system call takes six at most.", nameof(request));
        bool hasOwnStub = path == EntryPath.Sysenter && !machine.Features.Contains(KernelFeature.Sysenter32);
        return new PathScenario(kernel, kind, request, number, table, calls, hasOwnStub);
    }

    /// <summary>The 32-bit table's call with 64-bit times bears another name.</summary>
    private static string NameIn(SyscallTable table, SyscallRequest request) =>
        request.Name == "clock_gettime" && table.Entries.Any(entry => entry.Name == "clock_gettime64") ? "clock_gettime64" : request.Name;

    private UserProgram Build(int number, SyscallTable table, out ulong loopStart)
    {
        ulong start = 0;
        int loopOffset = 0;
        UserProgram program = UserProgram.Assemble(a =>
        {
            _stub = a.CreateLabel("sysenter");
            Open(a, table);
            SetWord(a, CounterOffset, _calls);
            Label loop = a.CreateLabel("loop");
            loopOffset = a.Instructions.Count;
            a.Label(ref loop);
            LoadArguments(a, _request.Arguments);
            a.mov(eax, number);
            Enter(a, Kind.Path);
            StoreResult(a);
            a.dec(Word(CounterOffset));
            a.jne(loop);
            LoadArguments(a, [0]);
            a.mov(eax, table["exit_group"].Number);
            Enter(a, Kind.Path);
            if (_hasOwnStub)
                EmitStub(a);
            start = OffsetOf(a, loopOffset);
        }, Kind.Bitness);
        loopStart = program.EntryPoint + start;
        return program;
    }

    /// <summary>Bytes before an instruction.</summary>
    private ulong OffsetOf(Assembler assembler, int index)
    {
        var stream = new MemoryStream();
        AssemblerResult result = assembler.Assemble(
            new StreamCodeWriter(stream), Kind.Bitness == 64 ? UserSpace.Code64 : UserSpace.Code32, BlockEncoderOptions.ReturnNewInstructionOffsets);
        return result.Result[0].NewInstructionOffsets[index];
    }

    private void Open(Assembler a, SyscallTable table)
    {
        if (_request.OpensFirst is not { } path)
            return;
        const int nameOffset = CounterOffset + 64;
        byte[] name = [.. System.Text.Encoding.UTF8.GetBytes(path), 0, 0, 0, 0];
        for (int i = 0; i + 4 <= name.Length; i += 4)
            SetWord(a, nameOffset + i, BitConverter.ToInt32(name, i));
        LoadArguments(a, [new SyscallArgument(nameOffset, true), _request.OpenFlags, 0]);
        a.mov(eax, table["open"].Number);
        Enter(a, Kind.Path);
    }

    private ulong Data => Kind.Bitness == 64 ? UserSpace.Data64 : UserSpace.Data32;

    private AssemblerMemoryOperand Word(int offset) => __dword_ptr[Data + (ulong)offset];

    private void SetWord(Assembler a, int offset, int value) => a.mov(Word(offset), value);

    private void StoreResult(Assembler a) => a.mov(Word((int)ResultOffset), eax);

    private void LoadArguments(Assembler a, IReadOnlyList<SyscallArgument> arguments)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            ulong value = (arguments[i].IsBuffer ? Data : 0) + (ulong)arguments[i].Value;
            bool wide = !Kind.Uses32BitTable && value > uint.MaxValue;
            if (wide)
                a.mov(Arguments64[i], value);
            else
                a.mov((Kind.Uses32BitTable ? Arguments32 : Narrow64)[i], (uint)value);
        }
    }

    private static readonly AssemblerRegister32[] Narrow64 = [edi, esi, edx, r10d, r8d, r9d];

    /// <summary>What <c>__kernel_vsyscall</c> does where it uses SYSENTER; the kernel goes on at its landing pad, which pops what is pushed here.</summary>
    private void EmitStub(Assembler a)
    {
        a.Label(ref _stub);
        a.push(ecx);
        a.push(edx);
        a.push(ebp);
        a.mov(ebp, esp);
        a.sysenter();
    }

    private void Enter(Assembler a, EntryPath path)
    {
        const int vector = 0x80;
        switch (path)
        {
            case EntryPath.Syscall:
                a.syscall();
                break;
            case EntryPath.Int80 or EntryPath.Int80From64Bit:
                a.@int(unchecked((sbyte)vector));
                break;
            case EntryPath.Sysenter when _hasOwnStub:
                a.call(_stub);
                break;
            default:
                a.call(_vsyscall);
                break;
        }
    }
}
