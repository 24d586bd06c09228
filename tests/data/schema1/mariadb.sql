/*M!999999\- enable the sandbox mode */ 

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;
/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;
DROP TABLE IF EXISTS `attempts`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `attempts` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `name` varchar(250) NOT NULL,
  `ca_name` varchar(64) NOT NULL,
  `account` varchar(1000) DEFAULT NULL,
  `order_url` varchar(1000) DEFAULT NULL,
  `outcome` varchar(32) NOT NULL,
  `detail` varchar(500) DEFAULT NULL,
  `ts_start` bigint(20) NOT NULL,
  `ts_end` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `attempts_name` (`name`,`ts_start`),
  KEY `attempts_account` (`ca_name`,`account`,`ts_start`)
) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `attempts` WRITE;
/*!40000 ALTER TABLE `attempts` DISABLE KEYS */;
INSERT INTO `attempts` VALUES
(1,'b.example.org','le','https://ca.example/acct/1',NULL,'dns','no answer',1879980000,1879980060),
(2,'a.example.org','le','https://ca.example/acct/1','https://ca.example/order/3','ok',NULL,1896000000,1896000040);
/*!40000 ALTER TABLE `attempts` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `cas`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `cas` (
  `name` varchar(64) NOT NULL,
  `directory` varchar(1000) NOT NULL,
  `account` varchar(1000) DEFAULT NULL,
  `account_key` varchar(64) DEFAULT NULL,
  `backoff_until` bigint(20) NOT NULL DEFAULT 0,
  `count_fail` int(11) NOT NULL DEFAULT 0,
  `fail_class` varchar(32) DEFAULT NULL,
  `fail_detail` varchar(500) DEFAULT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `cas` WRITE;
/*!40000 ALTER TABLE `cas` DISABLE KEYS */;
INSERT INTO `cas` VALUES
('le','https://ca.example/dir','https://ca.example/acct/1','thumb',0,0,NULL,NULL);
/*!40000 ALTER TABLE `cas` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `certs`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `certs` (
  `name` char(250) NOT NULL,
  `enable` enum('Y','N') DEFAULT 'Y',
  `comment` tinytext DEFAULT NULL,
  `certbot` enum('Y','N') DEFAULT 'N',
  `csr` blob NOT NULL,
  `ca` blob DEFAULT NULL,
  `crt` blob DEFAULT NULL,
  `md5_modulus` char(64) NOT NULL,
  `md5_ca` char(64) DEFAULT NULL,
  `ts_expire` int(64) unsigned DEFAULT NULL,
  `ts_last_update` int(64) unsigned DEFAULT NULL,
  `count_fail_update` int(8) DEFAULT NULL,
  `old_ca` blob DEFAULT NULL,
  `old_crt` blob DEFAULT NULL,
  `webroot_path` tinytext DEFAULT NULL,
  `ca_name` varchar(64) DEFAULT NULL,
  `challenge` varchar(16) DEFAULT NULL,
  `key_sha256` char(64) DEFAULT NULL,
  `crt_sha256` char(64) DEFAULT NULL,
  `ts_not_before` bigint(20) NOT NULL DEFAULT 0,
  `ts_expire_seen` bigint(20) NOT NULL DEFAULT 0,
  `ts_due` bigint(20) NOT NULL DEFAULT 0,
  `ts_next_attempt` bigint(20) NOT NULL DEFAULT 0,
  `renew` tinyint(4) NOT NULL DEFAULT 0,
  `held` tinyint(4) NOT NULL DEFAULT 0,
  `fail_class` varchar(32) DEFAULT NULL,
  `fail_detail` varchar(500) DEFAULT NULL,
  `lease_owner` varchar(128) DEFAULT NULL,
  `lease_until` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`name`),
  KEY `name` (`name`),
  KEY `certs_due` (`enable`,`ts_due`),
  KEY `certs_lease` (`lease_owner`),
  KEY `certs_key` (`key_sha256`)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `certs` WRITE;
/*!40000 ALTER TABLE `certs` DISABLE KEYS */;
INSERT INTO `certs` VALUES
('a.example.org','Y',NULL,'N',0x2D2D2D2D2D424547494E20434552544946494341544520524551554553542D2D2D2D2D0A4D4948394D49476C416745414D426778466A415542674E5642414D4D445745755A586868625842735A533576636D63775754415442676371686B6A4F505149420A42676771686B6A4F50514D4242774E43414154504F547A494C47376A3377624C6C336C304D637774567362722F4C4630517256365A6B3177442B774C31596C450A6137465A386B674D72533850356B764874314B6E746575616D373871545133354C584C4B6B474F4E6F4373774B51594A4B6F5A496876634E41516B4F4D5277770A476A415942674E564852454545544150676731684C6D5634595731776247557562334A6E4D416F4743437147534D343942414D43413063414D455143494167660A7A716945316C68506F546C486F37424D70706132504B5A5458583545732B4B36364766426670705541694155546D754439586E754C724A39696E2B38703468390A306E4B58716A4E356277713655526E7A78706B6B51673D3D0A2D2D2D2D2D454E4420434552544946494341544520524551554553542D2D2D2D2D0A,0x2D2D2D2D2D424547494E2043455254494649434154452D2D2D2D2D206361,0x2D2D2D2D2D424547494E2043455254494649434154452D2D2D2D2D206F6E65,'2f4e7435203832f4460d009c41692bbe','0123456789abcdef0123456789abcdef',1905000000,1896000000,0,NULL,0x6F6C64206F6E65,NULL,NULL,NULL,'2c3c9c4436b5436fefc73729e3c09f88a316d13491dd89d7563d5c1b6cb2fd4c','aa',1896000000,1905000000,1900000000,0,0,0,NULL,NULL,NULL,0),
('b.example.org','N',NULL,'N',0x2D2D2D2D2D424547494E20434552544946494341544520524551554553542D2D2D2D2D0A4D49482B4D49476C416745414D426778466A415542674E5642414D4D445749755A586868625842735A533576636D63775754415442676371686B6A4F505149420A42676771686B6A4F50514D4242774E43414153724557437257503530497037416E2B50346D58676675564D62525034364439634368644F7968413370714979460A4B636F64424B33337A52376B4E4E57506C72484F54444458743746566C30312B356C3642586353786F4373774B51594A4B6F5A496876634E41516B4F4D5277770A476A415942674E564852454545544150676731694C6D5634595731776247557562334A6E4D416F4743437147534D343942414D43413067414D455543494665740A546D6763445A58637646464B767848752B334A736C4E5874796932366F2F595965325766706565734169454139757642574444576659546851422F5251776A460A364C514161306C7669584A3842426C516170754B374B383D0A2D2D2D2D2D454E4420434552544946494341544520524551554553542D2D2D2D2D0A,NULL,NULL,'73a1daa45c1f8c7256d99af545a2026b',NULL,1,1,2,NULL,NULL,NULL,'le','dns-01','f4fc785206cdef57407f6c7e4f0bf3c39227123768251ea34c838130404be787',NULL,0,1,1890000000,1890000000,0,0,'dns','no answer','centre/1',1880000000),
('c.example.org','Y',NULL,'N',0x435352,NULL,0x6279206120736372697074206F662032303139,'m',NULL,1700000000,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,0,0,0,0,0,NULL,NULL,NULL,0);
/*!40000 ALTER TABLE `certs` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `host_certs`;
/*!50001 DROP VIEW IF EXISTS `host_certs`*/;
SET @saved_cs_client     = @@character_set_client;
SET character_set_client = utf8mb4;
/*!50001 CREATE VIEW `host_certs` AS SELECT
 NULL AS `name`,
 NULL AS `enable`,
 NULL AS `crt`,
 NULL AS `ca`,
 NULL AS `md5_ca`,
 NULL AS `ts_expire`,
 NULL AS `min_reader` */;
SET character_set_client = @saved_cs_client;
DROP TABLE IF EXISTS `host_installs`;
/*!50001 DROP VIEW IF EXISTS `host_installs`*/;
SET @saved_cs_client     = @@character_set_client;
SET character_set_client = utf8mb4;
/*!50001 CREATE VIEW `host_installs` AS SELECT
 NULL AS `host`,
 NULL AS `name`,
 NULL AS `service`,
 NULL AS `endpoint`,
 NULL AS `protocol`,
 NULL AS `state`,
 NULL AS `fingerprint`,
 NULL AS `serial`,
 NULL AS `ts_expire`,
 NULL AS `depth`,
 NULL AS `ts`,
 NULL AS `detail`,
 NULL AS `version` */;
SET character_set_client = @saved_cs_client;
DROP TABLE IF EXISTS `installs`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `installs` (
  `host` varchar(255) NOT NULL,
  `name` varchar(250) NOT NULL,
  `service` varchar(64) NOT NULL,
  `endpoint` varchar(255) NOT NULL,
  `protocol` varchar(32) DEFAULT NULL,
  `state` varchar(16) NOT NULL,
  `fingerprint` char(64) DEFAULT NULL,
  `serial` varchar(64) DEFAULT NULL,
  `ts_expire` bigint(20) NOT NULL DEFAULT 0,
  `depth` int(11) NOT NULL DEFAULT 0,
  `ts` bigint(20) NOT NULL,
  `detail` varchar(500) DEFAULT NULL,
  `version` varchar(32) DEFAULT NULL,
  PRIMARY KEY (`host`,`name`,`service`,`endpoint`),
  KEY `installs_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `installs` WRITE;
/*!40000 ALTER TABLE `installs` DISABLE KEYS */;
INSERT INTO `installs` VALUES
('web1','a.example.org','web','192.0.2.1:443','tls','served','ff','01',1905000000,2,1896000100,'served','0.1.0');
/*!40000 ALTER TABLE `installs` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `orders`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `orders` (
  `name` varchar(250) NOT NULL,
  `slot` int(11) NOT NULL,
  `ca_name` varchar(64) NOT NULL,
  `account` varchar(1000) DEFAULT NULL,
  `key_sha256` char(64) DEFAULT NULL,
  `url` varchar(1000) DEFAULT NULL,
  `state` varchar(16) NOT NULL,
  `ts_created` bigint(20) NOT NULL,
  PRIMARY KEY (`name`,`slot`)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `orders` WRITE;
/*!40000 ALTER TABLE `orders` DISABLE KEYS */;
INSERT INTO `orders` VALUES
('b.example.org',0,'le','https://ca.example/acct/1','bb','https://ca.example/order/9','finalized',1879990000);
/*!40000 ALTER TABLE `orders` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `proofs`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `proofs` (
  `id` char(64) NOT NULL,
  `name` varchar(250) NOT NULL,
  `slot` int(11) NOT NULL,
  `lease_owner` varchar(128) NOT NULL,
  `type` varchar(16) NOT NULL,
  `zone` varchar(255) DEFAULT NULL,
  `server` varchar(255) DEFAULT NULL,
  `owner` varchar(1000) NOT NULL,
  `value` varchar(1000) NOT NULL,
  `ts_created` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `proofs_lease` (`lease_owner`,`ts_created`)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `proofs` WRITE;
/*!40000 ALTER TABLE `proofs` DISABLE KEYS */;
INSERT INTO `proofs` VALUES
('p1','b.example.org',0,'centre/1','dns-01','example.org','192.0.2.53','_acme-challenge.b.example.org','xyz',1879990001);
/*!40000 ALTER TABLE `proofs` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `schema_version`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `schema_version` (
  `version` int(11) NOT NULL,
  `min_reader` int(11) NOT NULL,
  `min_writer` int(11) NOT NULL,
  `ts_applied` bigint(20) NOT NULL,
  PRIMARY KEY (`version`)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `schema_version` WRITE;
/*!40000 ALTER TABLE `schema_version` DISABLE KEYS */;
INSERT INTO `schema_version` VALUES
(1,1,1,1795954592);
/*!40000 ALTER TABLE `schema_version` ENABLE KEYS */;
UNLOCK TABLES;
/*!50001 DROP VIEW IF EXISTS `host_certs`*/;
/*!50001 SET @saved_cs_client          = @@character_set_client */;
/*!50001 SET @saved_cs_results         = @@character_set_results */;
/*!50001 SET @saved_col_connection     = @@collation_connection */;
/*!50001 SET character_set_client      = utf8mb4 */;
/*!50001 SET character_set_results     = utf8mb4 */;
/*!50001 SET collation_connection      = utf8mb4_general_ci */;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`certrepo`@`%` SQL SECURITY DEFINER */
/*!50001 VIEW `host_certs` AS select `certs`.`name` AS `name`,`certs`.`enable` AS `enable`,`certs`.`crt` AS `crt`,`certs`.`ca` AS `ca`,`certs`.`md5_ca` AS `md5_ca`,`certs`.`ts_expire` AS `ts_expire`,(select max(`schema_version`.`min_reader`) from `schema_version`) AS `min_reader` from `certs` */;
/*!50001 SET character_set_client      = @saved_cs_client */;
/*!50001 SET character_set_results     = @saved_cs_results */;
/*!50001 SET collation_connection      = @saved_col_connection */;
/*!50001 DROP VIEW IF EXISTS `host_installs`*/;
/*!50001 SET @saved_cs_client          = @@character_set_client */;
/*!50001 SET @saved_cs_results         = @@character_set_results */;
/*!50001 SET @saved_col_connection     = @@collation_connection */;
/*!50001 SET character_set_client      = utf8mb4 */;
/*!50001 SET character_set_results     = utf8mb4 */;
/*!50001 SET collation_connection      = utf8mb4_general_ci */;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`certrepo`@`%` SQL SECURITY DEFINER */
/*!50001 VIEW `host_installs` AS select `installs`.`host` AS `host`,`installs`.`name` AS `name`,`installs`.`service` AS `service`,`installs`.`endpoint` AS `endpoint`,`installs`.`protocol` AS `protocol`,`installs`.`state` AS `state`,`installs`.`fingerprint` AS `fingerprint`,`installs`.`serial` AS `serial`,`installs`.`ts_expire` AS `ts_expire`,`installs`.`depth` AS `depth`,`installs`.`ts` AS `ts`,`installs`.`detail` AS `detail`,`installs`.`version` AS `version` from `installs` */;
/*!50001 SET character_set_client      = @saved_cs_client */;
/*!50001 SET character_set_results     = @saved_cs_results */;
/*!50001 SET collation_connection      = @saved_col_connection */;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;
/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

