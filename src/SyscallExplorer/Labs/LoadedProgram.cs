using System.Globalization;
using System.Security.Cryptography;
using SyscallExplorer.Linux;
using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>A machine of its own with a program that is ready to run.</summary>
internal sealed class LoadedProgram
{
    private readonly ProgramRequest _request;
    private HostInput? _file;

    private LoadedProgram(LinuxMachine machine, ProgramRequest request)
    {
        Machine = machine;
        _request = request;
    }

    public LinuxMachine Machine { get; }

    /// <summary>Loads a program.</summary>
    /// <param name="machine">A fork, which is used up.</param>
    /// <param name="request">The program.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such root.</exception>
    /// <exception cref="ElfFormatException">It is no program that the machine can start; the message says what is wrong and what would be right.</exception>
    public static LoadedProgram Load(LinuxMachine machine, ProgramRequest request)
    {
        var loaded = new LoadedProgram(machine, request);
        machine.Limits = request.Limits ?? machine.Limits;
        if (request.Root is { } root)
            machine.MountHost("/", root);
        if (request.Terminal)
            machine.Terminal = true;
        if (request.Code is { } code)
            machine.Load(code, request.Input.Span);
        else
            machine.Load(new ElfProgram(loaded.ReadFile(), request.Path, [request.Path, .. request.Arguments], request.Environment), request.Input.Span);
        return loaded;
    }

    /// <summary>What the program rests on beside the lab; complete when it has run.</summary>
    public string[] Inputs()
    {
        ProgramLimits limits = Machine.Limits;
        return
        [
            _request.Code is { } code ? Hash([.. code.Code]) : "", _request.Code?.Bitness.ToString(CultureInfo.InvariantCulture) ?? "",
            _request.Path, .. _request.Arguments, "", .. _request.Environment, "", Hash(_request.Input.Span),
            string.Create(CultureInfo.InvariantCulture, $"{limits.MemoryBytes} {limits.FileBytes} {limits.Tasks} {limits.OutputBytes}"),
            string.Create(CultureInfo.InvariantCulture, $"{_request.RunLimits.MaxInstructions} {_request.RunLimits.MaxCycles} {Machine.Terminal}"),
            .. HostInputs().SelectMany(input => (string[])[input.Path, input.Kind.ToString(), input.Hash]),
        ];
    }

    /// <summary>What became of it.</summary>
    public ProgramRun Describe(RunResult result, LabInputs inputs) => ProgramRuns.Describe(Machine, result, inputs) with { HostInputs = HostInputs() };

    /// <summary>The program's own file stands among them wherever it came from.</summary>
    private IReadOnlyList<HostInput> HostInputs() => _file is { } file ? [file, .. Machine.HostInputs] : Machine.HostInputs;

    private ElfFile ReadFile()
    {
        byte[] bytes;
        if (_request.Elf is { } file)
        {
            bytes = file.ToArray();
            _file = new HostInput(_request.Path, HostInputKind.Content, Hash(bytes));
        }
        else if (_request.Root is { } root)
        {
            try
            {
                bytes = Machine.ReadFile(_request.Path);
            }
            catch (FileNotFoundException)
            {
                throw new FileNotFoundException($"There is no program '{_request.Path}' in the folder '{root}', which the machine sees as its root.", _request.Path);
            }
        }
        else
        {
            bytes = File.Exists(_request.Path) ? File.ReadAllBytes(_request.Path) : throw new FileNotFoundException($"There is no program '{_request.Path}'.", _request.Path);
            _file = new HostInput(_request.Path, HostInputKind.Content, Hash(bytes));
        }

        return ElfFile.Parse(bytes, _request.Path);
    }

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexString(SHA256.HashData(bytes)).ToLowerInvariant();
}
