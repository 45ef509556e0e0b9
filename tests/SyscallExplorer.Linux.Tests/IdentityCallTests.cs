using System.Text;

namespace SyscallExplorer.Linux.Tests;

/// <summary>Who the caller is, and on which kernel.</summary>
public sealed class IdentityCallTests
{
    [Fact]
    public void A_64_bit_program_learns_who_it_is()
    {
        CallRun run = new CallScript(64).Call(39).Call(110).Call(186).Call(102).Run();
        Assert.Equal([TaskIdentity.Pid, TaskIdentity.ParentPid, TaskIdentity.Pid, TaskIdentity.Uid], new[] { run[0], run[1], run[2], run[3] });
    }

    [Fact]
    public void A_32_bit_program_learns_the_same()
    {
        CallRun run = new CallScript(32).Call(20).Call(64).Call(224).Call(24).Call(199).Run();
        Assert.Equal([TaskIdentity.Pid, TaskIdentity.ParentPid, TaskIdentity.Pid, TaskIdentity.Uid, TaskIdentity.Uid],
            new[] { run[0], run[1], run[2], run[3], run[4] });
    }

    [Theory]
    [InlineData(0x0000_FFFFu, 0xFFFF, 0xFFFFu)]
    [InlineData(0x0001_0000u, 65534, 0x10000u)]
    public void A_uid_without_a_16_bit_form_is_shown_as_65534(uint uid, int shown16, uint shown32)
    {
        LinuxMachine machine = Guest.Load(a =>
        {
            a.mov(Iced.Intel.AssemblerRegisters.eax, 24);
            SystemCallPathTests.Int80(a);
            a.mov(Iced.Intel.AssemblerRegisters.esi, Iced.Intel.AssemblerRegisters.eax);
            a.mov(Iced.Intel.AssemblerRegisters.eax, 199);
            SystemCallPathTests.Int80(a);
            a.hlt();
        }, 32);
        machine.Processor.Bus.Ram.Write(KernelLayout.DataPhysical + 0x100 + TaskLayout.CredUid, BitConverter.GetBytes(uid));
        machine.Run(SyscallExplorer.Machine.RunLimits.Instructions(5000));
        Assert.Equal((ulong)shown16, machine.Fatal!.Registers[PtRegsOffsets.Si]);
        Assert.Equal(shown32, machine.Fatal.Registers[PtRegsOffsets.Ax]);
    }

    [Theory]
    [InlineData(64, 63)]
    [InlineData(32, 122)]
    public void Uname_fills_six_fields_of_65_bytes(int bitness, int number)
    {
        var script = new CallScript(bitness);
        CallRun run = script.Call(number, script.Data).Run();
        Assert.Equal(0, run[0]);
        byte[] bytes = run.Bytes(0, 6 * 65);
        string[] fields = Enumerable.Range(0, 6).Select(i => Encoding.ASCII.GetString(bytes, i * 65, 65).TrimEnd('\0')).ToArray();
        Assert.Equal("Linux", fields[0]);
        Assert.Equal("5.13.0", fields[2]);
        Assert.Equal("x86_64", fields[4]);
        Assert.All(fields, field => Assert.NotEmpty(field));
        Assert.Equal(0, run.Bytes(6 * 65, 1)[0]);
    }

    [Fact]
    public void Uname_into_memory_that_is_not_the_programs_is_efault()
    {
        CallRun run = new CallScript(64).Call(63, 0x10).Call(63, KernelLayout.DirectMap).Call(63, UserSpace.Code64).Run();
        Assert.Equal([-14L, -14, -14], [run[0], run[1], run[2]]);
    }

    [Theory]
    [InlineData(64, 60, 7, 7)]
    [InlineData(64, 231, 0x1FF, 0xFF)]
    [InlineData(32, 1, -1, 0xFF)]
    [InlineData(32, 252, 256, 0)]
    public void Exit_keeps_the_low_byte_of_its_argument(int bitness, int number, int argument, int status)
    {
        CallRun run = new CallScript(bitness).Call(number, argument).Run();
        Assert.Equal(status, run.Machine.ExitStatus);
        Assert.Null(run.Machine.Fatal);
    }
}
