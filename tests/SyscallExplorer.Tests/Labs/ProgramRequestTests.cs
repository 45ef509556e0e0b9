using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.Tests;

/// <summary>Programs with all that they are given.</summary>
public sealed class ProgramRequestTests : IDisposable
{
    private static readonly Lab s_lab = Lab.Boot("5.13", "Skylake");
    private readonly string _folder = Directory.CreateTempSubdirectory("sysx-request-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_program_gets_its_arguments_and_its_environment()
    {
        string file = WriteProgram("count");
        ProgramRun run = s_lab.Run(new ProgramRequest(file, "a", "b") { Environment = ["HOME=/", "X=1"] });
        Assert.Equal(5, run.ExitStatus);
        HostInput input = Assert.Single(run.HostInputs);
        Assert.Equal((file, HostInputKind.Content), (input.Path, input.Kind));
        Assert.NotEqual(run.Inputs.Hash, s_lab.Run(new ProgramRequest(file, "a", "b") { Environment = ["HOME=/", "X=2"] }).Inputs.Hash);
    }

    [Fact]
    public void A_root_is_where_the_program_is_and_what_it_read_there_is_told()
    {
        WriteProgram("count");
        ProgramRun run = s_lab.Run(new ProgramRequest("/count") { Root = _folder });
        Assert.Equal(1, run.ExitStatus);
        Assert.Contains(run.HostInputs, input => input is { Path: "/count", Kind: HostInputKind.Content, Hash.Length: 64 });
        Assert.Contains($"'{_folder}'", Assert.Throws<FileNotFoundException>(() => s_lab.Run(new ProgramRequest("/absent") { Root = _folder })).Message, StringComparison.Ordinal);
        Assert.Throws<DirectoryNotFoundException>(() => s_lab.Run(new ProgramRequest("/count") { Root = _folder + "/absent" }));
    }

    [Fact]
    public void What_a_program_may_use_ends_it_with_a_sentence()
    {
        ProgramRequest request = PipePrograms.TwoProcesses();
        Assert.Contains("OutputBytes", s_lab.Run(request with { Limits = new ProgramLimits { OutputBytes = 4 } }).Message, StringComparison.Ordinal);
        Assert.Contains("cycle budget", s_lab.Run(request with { RunLimits = RunLimits.Cycles(10_000) }).Message, StringComparison.Ordinal);
        Assert.Contains("instruction budget", s_lab.Observe(request with { RunLimits = RunLimits.Instructions(1000) }).Run.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lab_boots_again_with_another_seed_or_command_line()
    {
        Lab lab = Lab.Boot("5.13", "Zen2", "pti=on", seed: 3);
        Assert.Equal(lab.Inputs, lab.With().Inputs);
        Assert.Equal(("pti=on", 5ul), (lab.With(seed: 5).Inputs.CommandLine, lab.With(seed: 5).Inputs.Seed));
        Assert.Equal(("", 3ul), (lab.With(commandLine: "").Inputs.CommandLine, lab.With(commandLine: "").Inputs.Seed));
    }

    [Fact]
    public void A_request_is_shown_as_one_would_type_it() =>
        Assert.Equal("/bin/busybox sh -c 'echo it'\\''s | wc' ''", new ProgramRequest("/bin/busybox", "sh", "-c", "echo it's | wc", "").ToString());

    private string WriteProgram(string name)
    {
        string file = Path.Combine(_folder, name);
        File.WriteAllBytes(file, PipePrograms.CountingFile());
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return file;
    }
}
