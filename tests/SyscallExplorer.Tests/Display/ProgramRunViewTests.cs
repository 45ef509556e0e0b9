using Xunit;

namespace SyscallExplorer.Tests;

public sealed class ProgramRunViewTests
{
    [Fact]
    public void A_run_says_how_it_ended_what_it_wrote_and_what_is_missing()
    {
        Assert.Equal("""
            The program ended with status 7.
            exit status 7, 12 instructions, 100.00 cycles on Linux_5_13, Skylake with pti=on
            standard output:
              hello <world>
            System calls that the kit does not have and answered with -ENOSYS: bind (1 times), socket (2 times).

            """, Samples.Run.ToText());
        Assert.Contains("<pre>hello &lt;world&gt;\n</pre>", Samples.Run.ToHtml());
    }

    [Fact]
    public void A_fatal_end_shows_the_registers_and_the_code()
    {
        ProgramRun run = Samples.Run with { ExitStatus = null, Fatal = Samples.Fatal };
        Assert.Contains("> 0000000000401000  mov eax,[0]", run.ToText());
        Assert.DoesNotContain('\r', run.ToText());
        Assert.Contains("it read &lt;nothing&gt; at 0.", run.ToHtml());
        Assert.Contains("<tr class=\"current\"><td>0000000000401000</td>", run.ToHtml());
    }
}
