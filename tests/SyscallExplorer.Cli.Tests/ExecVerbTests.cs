using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace SyscallExplorer.Cli.Tests;

/// <summary><c>sysx exec</c>: streams, arguments and statuses are the program's, and 125 is the kit's.</summary>
public sealed class ExecVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sysx-exec-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Program(Action<Assembler> write, int bitness = 64)
    {
        string path = Path.Combine(_folder, "program");
        File.WriteAllBytes(path, ElfImage.Program(write, bitness).ToBytes());
        return path;
    }

    private static void Call(Assembler a, int number, int first, int count)
    {
        a.mov(edi, first);
        a.mov(edx, count);
        a.mov(eax, number);
        a.syscall();
    }

    /// <summary>Copies input to output until it ends, then its last argument to standard error, and exits with argc.</summary>
    private static void Copy(Assembler a)
    {
        Label next = a.CreateLabel(), end = a.CreateLabel();
        a.mov(rbp, rsp);
        a.sub(rsp, 0x8000);
        a.mov(rsi, rsp);
        a.Label(ref next);
        Call(a, 0, 0, 0x8000);
        a.test(eax, eax);
        a.jle(end);
        a.mov(edx, eax);
        a.mov(edi, 1);
        a.mov(eax, 1);
        a.syscall();
        a.jmp(next);
        a.Label(ref end);
        a.mov(rbx, __qword_ptr[rbp]);
        a.mov(rsi, __qword_ptr[rbp + rbx * 8]);
        Call(a, 1, 2, 3);
        a.mov(edi, ebx);
        a.mov(eax, 231);
        a.syscall();
    }

    [Fact]
    public async Task Streams_arguments_and_status_are_the_programs()
    {
        byte[] input = new byte[100_000];
        new Random(1).NextBytes(input);
        Result run = await Sysx.RunAsync(input, "exec", Program(Copy), "--stats", "--", "end");
        Assert.Equal(input, run.OutputBytes);
        Assert.Equal("end", run.Error);
        Assert.Equal(4, run.ExitCode);
    }

    [Theory]
    [InlineData("--stats")]
    [InlineData("--reference", "--stats")]
    [InlineData("--cpu", "Zen2", "--kernel", "5.13", "--max-instructions", "100000", "--stats")]
    public async Task Options_before_the_program_are_the_kits(params string[] options)
    {
        Result run = await Sysx.RunAsync([1, 2, 3], ["exec", .. options, Program(Copy), "abc"]);
        Assert.Equal([1, 2, 3], run.OutputBytes);
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("abc", run.Error, StringComparison.Ordinal);
        Assert.Matches(@"sysx: \d+ instructions, \d+ cycles on (Skylake|Zen2) with Linux 5\.13, \d+\.\d{3} s of host time, \d+\.\d million instructions a second", run.Error);
    }

    [Fact]
    public async Task A_fatal_exception_gives_128_and_the_signal_with_a_report()
    {
        Result run = await Sysx.RunAsync("exec", Program(a => a.ud2(), 32));
        Assert.Equal(128 + 4, run.ExitCode);
        Assert.Contains("sysx: The program was killed by SIGILL: #UD at 8049000h", run.Error, StringComparison.Ordinal);
        Assert.Contains("ud2", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signal_that_was_sent_gives_128_and_the_signal()
    {
        Result run = await Sysx.RunAsync("exec", Program(a =>
        {
            a.mov(esi, 6);
            a.xor(edi, edi);
            a.mov(eax, 62);
            a.syscall();
        }));
        Assert.Equal(128 + 6, run.ExitCode);
        Assert.StartsWith("sysx: The program was killed by SIGABRT, which it sent itself, at 40100eh.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_is_missing_is_counted_and_named()
    {
        Result run = await Sysx.RunAsync("exec", "--stats", Program(a =>
        {
            a.mov(eax, 250);
            a.syscall();
            a.mov(edi, eax);
            a.mov(eax, 231);
            a.syscall();
        }));
        Assert.Equal((-38) & 0xFF, run.ExitCode);
        Assert.Contains("system calls that the kit does not have: keyctl (1 times)", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_used_up_budget_says_which_where_and_how_to_raise_it()
    {
        Result run = await Sysx.RunAsync("exec", "--max-instructions", "5000", Program(a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.jmp(loop);
        }));
        Assert.Equal(125, run.ExitCode);
        Assert.StartsWith("sysx: The instruction budget is used up at 33:0000000000401000.", run.Error, StringComparison.Ordinal);
        Assert.EndsWith("It allowed 5000 instructions; --max-instructions raises it.", run.Error.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_odd_about_a_program_is_said_when_it_has_faulted()
    {
        const int entryPointAt = 24;
        string path = Program(a => a.nop());
        byte[] bytes = await File.ReadAllBytesAsync(path);
        ElfImage.Put32(bytes, entryPointAt, 0x10);
        await File.WriteAllBytesAsync(path, bytes);
        Result run = await Sysx.RunAsync("exec", path);
        Assert.Equal(128 + 11, run.ExitCode);
        Assert.Contains($"{path}, offset 18h: it starts at 10h, where it has no code; its segments: 400000h to", run.Error, StringComparison.Ordinal);
    }

    public static TheoryData<string[], string> WrongCommandLines => new()
    {
        { ["exec"], "Required argument missing for command: 'exec'." },
        { ["exec", "missing"], "sysx: There is no file 'missing'." },
        { ["exec", "FOLDER"], "is a folder; exec takes an ELF file." },
        { ["exec", "TEXT"], "it begins with 74 65 78 74, not with 7F 45 4C 46" },
        { ["exec", "--cpu", "Skylke", "PROGRAM"], "No CPU model is named 'Skylke'. Did you mean 'Skylake'?" },
        { ["exec", "--kernel", "5.31", "PROGRAM"], "No kernel is named '5.31'." },
        { ["exec", "--max-instructions", "0", "PROGRAM"], "'0' is not an instruction limit" },
        { ["exec", "--max-instructions", "many", "PROGRAM"], "many" },
    };

    [Theory]
    [MemberData(nameof(WrongCommandLines))]
    public async Task What_the_kit_cannot_do_gives_125_and_a_sentence(string[] arguments, string sentence)
    {
        string text = Path.Combine(_folder, "text");
        await File.WriteAllTextAsync(text, "text, which is no program, however long it is made to look like one to whoever counts its bytes");
        string[] given = [.. arguments.Select(argument => argument switch
        {
            "FOLDER" => _folder,
            "TEXT" => text,
            "PROGRAM" => Program(a => a.ud2()),
            _ => argument,
        })];
        Result run = await Sysx.RunAsync(given);
        Assert.Equal(125, run.ExitCode);
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Parameter", run.Error, StringComparison.Ordinal);
    }
}
