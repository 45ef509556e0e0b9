using System.Collections.Immutable;
using System.Text;

namespace SyscallExplorer.Linux.Tests;

/// <summary>First lines of scripts. The expectations are what execve of real Linux did with a program that prints its arguments.</summary>
public sealed class ScriptInterpreterTests
{
    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.Latin1.GetString(bytes.Span);

    private static ScriptInterpreter? Parse(string file) => ScriptInterpreter.Parse(Bytes(file).Span);

    [Theory]
    [InlineData("#!/bin/sh\n", "/bin/sh", null)]
    [InlineData("#!/bin/sh", "/bin/sh", null)]
    [InlineData("#! \t/bin/sh -x y \t\nexit", "/bin/sh", "-x y")]
    [InlineData("#!/bin/sh\tx\t\ty\n", "/bin/sh", "x\t\ty")]
    [InlineData("#!/bin/sh  \n", "/bin/sh", null)]
    [InlineData("#!/bin/sh  ", "/bin/sh", "")]
    [InlineData("#!/bin/sh x y  ", "/bin/sh", "x y  ")]
    [InlineData("#!/bin/sh\0 q\n", "/bin/sh", null)]
    [InlineData("#!/bin/sh a\0b\n", "/bin/sh", "a")]
    [InlineData("#!sh\r\n", "sh\r", null)]
    [InlineData("#!", "", null)]
    [InlineData("#! ", "", null)]
    [InlineData("#!\0/bin/sh\n", "", null)]
    public void A_line_has_a_name_and_at_most_one_argument(string file, string name, string? argument)
    {
        ScriptInterpreter interpreter = Parse(file)!;
        Assert.Equal(name, Text(interpreter.Path));
        Assert.Equal(argument, interpreter.Argument is { } bytes ? Text(bytes) : null);
    }

    [Theory]
    [InlineData("")]
    [InlineData("#")]
    [InlineData("\u007fELF")]
    [InlineData(" #!/bin/sh\n")]
    [InlineData("#!\n")]
    [InlineData("#! \t\n/bin/sh")]
    public void What_names_no_interpreter_is_no_script(string file) => Assert.Null(Parse(file));

    [Theory]
    [InlineData(253, true)]
    [InlineData(254, false)]
    public void A_name_must_end_within_256_bytes(int length, bool ends)
    {
        string name = "/" + new string('x', length - 1);
        Assert.Equal(ends, Parse("#!" + name) is { } open && Text(open.Path) == name);
        Assert.Equal(ends, Parse("#!" + name + "\n") is { } closed && Text(closed.Path) == name);
        Assert.Null(Parse("#!" + new string(' ', 300) + "/bin/sh\n"));
    }

    [Fact]
    public void An_argument_is_cut_off_after_255_bytes()
    {
        ScriptInterpreter interpreter = Parse("#!/bin/sh " + new string('z', 300) + "\n")!;
        Assert.Equal(new string('z', 255 - 10), Text(interpreter.Argument!.Value));
        Assert.Null(Parse("#!/bin/sh" + new string(' ', 300) + "x\n")!.Argument);
    }

    private static ScriptChain Follow(string name, string[] arguments, Dictionary<string, string> files) => ScriptChain.Follow(
        Bytes(name), [.. arguments.Select(Bytes)], (ReadOnlyMemory<byte> asked, out ReadOnlyMemory<byte> head) =>
        {
            bool found = files.TryGetValue(Text(asked), out string? content);
            head = Bytes(content ?? "");
            return found ? 0 : Errno.ENOENT;
        });

    private static IEnumerable<string> Texts(ImmutableArray<ReadOnlyMemory<byte>> arguments) => arguments.Select(Text);

    [Fact]
    public void The_interpreter_gets_its_argument_the_scripts_name_and_what_the_script_was_given()
    {
        var files = new Dictionary<string, string> { ["./s"] = "#!/sh -e\n", ["/sh"] = "\u007fELF" };
        ScriptChain chain = Follow("./s", ["anything", "a b", "c"], files);
        Assert.Equal((0, "/sh"), (chain.Error, Text(chain.Program)));
        Assert.Equal(["/sh", "-e", "./s", "a b", "c"], Texts(chain.Arguments));
        Assert.Equal(["/sh", "-e", "./s"], Texts(Follow("./s", [], files).Arguments));
        Assert.Equal(["anything"], Texts(Follow("/sh", ["anything"], files).Arguments));
    }

    [Fact]
    public void Five_scripts_may_run_each_other_and_six_may_not()
    {
        var files = new Dictionary<string, string> { ["0"] = "\u007fELF" };
        for (int i = 1; i <= 7; i++)
            files[$"{i}"] = $"#!{i - 1} l{i}\n";
        ScriptChain five = Follow("5", ["5", "z"], files);
        Assert.Equal(0, five.Error);
        Assert.Equal(["0", "l1", "1", "l2", "2", "l3", "3", "l4", "4", "l5", "5", "z"], Texts(five.Arguments));
        Assert.Equal(Errno.ELOOP, Follow("6", ["6"], files).Error);
        files["0"] = "#!0\n";
        Assert.Equal(Errno.ELOOP, Follow("0", ["0"], files).Error);
    }

    [Fact]
    public void A_missing_interpreter_and_a_script_without_one_are_errors()
    {
        var files = new Dictionary<string, string> { ["a"] = "#!nowhere\n", ["b"] = "#!\n", ["c"] = "#!b\n" };
        Assert.Equal([Errno.ENOENT, Errno.ENOEXEC, Errno.ENOEXEC, Errno.ENOENT],
            new[] { "a", "b", "c", "d" }.Select(name => Follow(name, [name], files).Error));
    }
}
