"""CronWorkflows in the controller: watches, timers, and the writes that `engine.cron` decides (§7)."""
