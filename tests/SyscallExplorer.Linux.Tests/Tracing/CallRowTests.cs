using Xunit;

namespace SyscallExplorer.Linux.Tests;

/// <summary>The tables as a whole.</summary>
public sealed class CallRowTests
{
    [Theory]
    [InlineData(false, 280)]
    [InlineData(true, 350)]
    public void Most_calls_have_a_row(bool compat, int least)
    {
        SyscallTable table = compat ? Kernels.Linux_5_13.Table32 : Kernels.Linux_5_13.Table64;
        int described = table.Entries.Where(entry => entry.Abi != "x32").Count(entry => CallRows.Names(compat).Contains(entry.Name));
        Assert.True(described >= least, $"{described} calls of the table {table.Name} have a row.");
    }

    [Fact]
    public void No_row_is_misspelt()
    {
        // Later kernels than the one whose table this is, sub-calls of socketcall included.
        string[] others = ["futex_waitv", "send", "recv"];
        IEnumerable<string> known = Kernels.Linux_5_13.Table64.Entries.Concat(Kernels.Linux_5_13.Table32.Entries).Select(entry => entry.Name);
        Assert.Empty(CallRows.Names(compat: true).Except(known).Except(others));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_argument_makes_a_row_fail(bool compat)
    {
        var random = new Random(3);
        var formatter = new SyscallFormatter(StraceOptions.Default);
        foreach (string name in CallRows.Names(compat))
        {
            for (int round = 0; round < 30; round++)
            {
                var memory = new CallMemory(compat ? 4 : 8);
                ulong[] arguments = [.. Enumerable.Range(0, 6).Select(_ => Argument(random, memory)).Select(value => compat ? (uint)value : value)];
                EnteredCall entered = formatter.Enter(TracedCall.Invocation(name, compat, arguments[0], arguments), memory);
                long result = random.Next(3) switch { 0 => -random.Next(1, 600), 1 => random.Next(100), _ => random.NextInt64() };
                SyscallRecord record = formatter.Leave(entered, result, memory, 0);
                Assert.StartsWith(record.Name + "(", record.EntryText, StringComparison.Ordinal);
                Assert.NotEqual("", record.ResultText);
            }
        }
    }

    private static ulong Argument(Random random, CallMemory memory)
    {
        switch (random.Next(5))
        {
            case 0:
                return (ulong)random.Next(20);
            case 1:
                return 1ul << random.Next(64);
            case 2:
                return (ulong)random.NextInt64() << 1;
            case 3:
                return ulong.MaxValue;
            default:
                var bytes = new byte[random.Next(200)];
                random.NextBytes(bytes);
                return memory.Put(bytes);
        }
    }

    [Fact]
    public void Every_error_up_to_133_but_two_has_a_name()
    {
        Assert.Equal([41, 58], Enumerable.Range(1, 133).Where(number => ErrorNames.Name(number) is null));
        Assert.Equal("No such file or directory", ErrorNames.Message(Errno.ENOENT));
        Assert.Equal("Unknown error 41", ErrorNames.Message(41));
    }
}
