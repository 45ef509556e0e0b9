using Xunit;

namespace SyscallExplorer.Tests;

public sealed class TraceViewTests
{
    [Fact]
    public void The_text_lists_each_instruction_with_its_registers_and_cycles()
    {
        string[] lines = Samples.Trace.ToText().Split('\n');
        string swapgs = lines.Single(line => line.Contains("swapgs", StringComparison.Ordinal));
        foreach (string part in new[] { "ffffffff81000004", "entry_SYSCALL_64", "0000000000011000", "000000007ffffff0", "2.00", "stack switch", "documented" })
            Assert.Contains(part, swapgs);
        Assert.StartsWith("getpid by SYSCALL on Linux_5_13, Skylake with pti=on: 5 instructions, 15.00 cycles", lines[0]);
    }

    [Fact]
    public void The_text_ends_with_pt_regs()
    {
        string text = Samples.Trace.ToText();
        Assert.Contains("pt_regs at ffffc90000003f58", text);
        Assert.Contains("+120 orig_ax   000000000000100f", text);
        Assert.DoesNotContain("pt_regs", (Samples.Trace with { PtRegs = null }).ToText());
    }

    [Fact]
    public void The_html_marks_what_changed_against_the_instruction_before()
    {
        string[] rows = Samples.Trace.ToHtml().Split('\n').Where(line => line.StartsWith("<tr><td", StringComparison.Ordinal)).ToArray();
        Assert.Equal(5, rows.Length);
        Assert.DoesNotContain("changed", rows[0]);
        Assert.Contains("<td class=\"num changed\">0</td>", rows[1]);
        Assert.Contains("<td class=\"changed\">ffff888000400000</td>", rows[2]);
        Assert.Contains("<td class=\"changed\">0000000000010000</td>", rows[3]);
        Assert.Contains("<td class=\"changed\">0000000000010000</td>", rows[4]);
    }

    [Fact]
    public void The_html_escapes_the_disassembly_and_names_an_exception()
    {
        string html = Samples.Trace.ToHtml();
        Assert.Contains("cmp rax,&lt;limit&gt;  -&gt; #PF", html);
        Assert.Contains("<th scope=\"row\">orig_ax</th><td class=\"num\">120</td><td>000000000000100f</td>", html);
        Assert.Contains("position: sticky", html);
    }
}
